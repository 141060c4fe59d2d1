// login_hint, id_token_hint, acr_values, ui_locales, display (OpenID Connect Core §3.1.2.1):
// wishes. A wish that can't be met is no error, except one that is too long to be carried.
#include <array>

#include "oidc/request/authorization_steps.h"

namespace oidc::request {

Result<void> check_hints(const StepInput& input, AuthorizationRequest& request) {
  struct Hint {
    const char* name;
    std::string AuthorizationRequest::* member;
    std::size_t max_bytes;
  };
  constexpr std::array<Hint, 5> hints = {{
      {"login_hint", &AuthorizationRequest::login_hint, 512},
      {"id_token_hint", &AuthorizationRequest::id_token_hint, 4096},
      {"acr_values", &AuthorizationRequest::acr_values, 1024},
      {"ui_locales", &AuthorizationRequest::ui_locales, 512},
      {"display", &AuthorizationRequest::display, 16},
  }};
  for (const auto& hint : hints) {
    auto value = input.form.value_or(hint.name, "");
    if (value.size() > hint.max_bytes) {
      return fail(OAuthErrorCode::invalid_request,
                  "The parameter " + std::string(hint.name) + " is too long.");
    }
    request.*hint.member = std::move(value);
  }
  return {};
}

}  // namespace oidc::request

#include "oidc/request/authorization_steps.h"

#include <algorithm>
#include <array>

#include "oidc/base/text.h"

namespace oidc::request {
namespace {

struct StepRow {
  std::string_view parameter;
  Step step;
};

// In this order. The redirect URI is decided before the first row, because every failure from here
// on is sent to it.
constexpr auto kSteps = std::to_array<StepRow>({
    {"state", check_state},
    {"(repeated parameters)", check_repeated},
    {"registration", check_registration},
    {"response_type", check_response_type},
    {"response_mode", check_response_mode},
    {"scope", check_scope},
    {"nonce", check_nonce},
    {"code_challenge", check_pkce},
    {"prompt", check_prompt},
    {"max_age", check_max_age},
    {"claims", check_claims},
    {"resource", check_resource},
    {"login_hint, id_token_hint, acr_values, ui_locales, display", check_hints},
});

}  // namespace

bool AuthorizationRequest::has_scope(std::string_view wanted) const {
  return std::ranges::find(scopes, wanted) != scopes.end();
}

std::string AuthorizationRequest::scope() const {
  return join_words(scopes);
}

std::expected<AuthorizationRequest, AuthorizationFailure> parse_authorization_request(
    const Form& form, const model::Client& client, const metadata::Features& features,
    TimePoint now) {
  for (const char* name : {"client_id", "redirect_uri"}) {
    if (form.is_repeated(name)) {
      return std::unexpected(AuthorizationFailure(PageError{repeated_parameter(name)}));
    }
  }
  auto redirect = validate_redirect_uri(client, form.value_or("redirect_uri", ""), now);
  if (!redirect) return std::unexpected(AuthorizationFailure(PageError{redirect.error()}));
  AuthorizationRequest request{.redirect_uri = std::move(*redirect),
                               .client_id = client.client_id,
                               .response_mode = response_mode_for_errors(form)};
  for (const auto& row : kSteps) {
    auto checked = row.step({form, client, features}, request);
    if (!checked) {
      auto error = std::move(checked.error());
      if (error.detail.empty()) error.detail = "authorization step: " + std::string(row.parameter);
      return std::unexpected(AuthorizationFailure(RedirectError{
          request.redirect_uri, request.state, request.response_mode, std::move(error)}));
    }
  }
  return request;
}

}  // namespace oidc::request

// scope (RFC 6749 §3.3, OpenID Connect Core §3.1.2.1: values that are not understood are ignored).
#include "oidc/metadata/scope.h"

#include <algorithm>

#include "oidc/base/text.h"
#include "oidc/request/authorization_steps.h"

namespace oidc::request {
namespace {
constexpr std::size_t kMaxScope = 1024;
}

Result<void> check_scope(const StepInput& input, AuthorizationRequest& request) {
  const auto scope = input.form.value_or("scope", "");
  if (scope.size() > kMaxScope || !is_printable_ascii(scope)) {
    return fail(OAuthErrorCode::invalid_scope,
                "The parameter scope is longer than 1024 bytes or not printable ASCII.");
  }
  for (auto& word : split_words(scope)) {
    if (!metadata::is_known_scope(word) || request.has_scope(word)) continue;
    // Without the refresh_token grant, or a code, there is nothing that offline_access could give:
    // ignored (OpenID Connect Core §11), whatever the client is registered for.
    if (word == "offline_access" &&
        (!input.client.has_grant_type("refresh_token") || !request.response_type.code)) {
      continue;
    }
    if (!input.client.scope.empty() && !contains_word(input.client.scope, word)) {
      return fail(OAuthErrorCode::invalid_scope,
                  "This application may not ask for the scope " + word + ".");
    }
    request.scopes.push_back(std::move(word));
  }
  if (request.scopes.empty()) {
    return fail(OAuthErrorCode::invalid_scope,
                "The parameter scope holds no scope that this server knows: ask for openid.");
  }
  if (request.response_type.id_token && !request.has_scope("openid")) {
    return fail(OAuthErrorCode::invalid_scope, "An ID token needs the scope openid.");
  }
  return {};
}

}  // namespace oidc::request

// response_type and response_mode (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Type Encoding
// §2.1).
#include <algorithm>

#include "oidc/request/authorization_steps.h"

namespace oidc::request {

Result<void> check_response_type(const StepInput& input, AuthorizationRequest& request) {
  const auto type = input.form.get("response_type");
  if (!type) {
    return fail(OAuthErrorCode::invalid_request, "The parameter response_type is missing.");
  }
  if (*type != "code") {
    // RFC 9700 §2.1.2: clients should not use the implicit grant or other types that issue access
    // tokens in the authorization response.
    return fail(OAuthErrorCode::unsupported_response_type,
                "This server supports response_type code only.");
  }
  const auto& allowed = input.client.response_types;
  if (!input.client.has_grant_type("authorization_code") ||
      std::ranges::find(allowed, *type) == allowed.end()) {
    return fail(OAuthErrorCode::unauthorized_client,
                "This application is not registered for the authorization code flow.");
  }
  request.response_type = *type;
  return {};
}

Result<void> check_response_mode(const StepInput& input, AuthorizationRequest&) {
  const auto mode = input.form.get("response_mode");
  if (mode && *mode != "query") {
    return fail(OAuthErrorCode::invalid_request, "This server supports response_mode query only.");
  }
  return {};
}

}  // namespace oidc::request

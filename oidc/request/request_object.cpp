// request, request_uri, registration (OpenID Connect Core §6, §7.2.1): refused as long as discovery
// says that they are not supported. Nothing is fetched.
#include "oidc/request/authorization_steps.h"

namespace oidc::request {

Result<void> check_request_object(const StepInput& input, AuthorizationRequest&) {
  if (input.form.has("request")) {
    return fail(OAuthErrorCode::request_not_supported,
                "Request objects are not supported: send the parameters themselves.");
  }
  if (input.form.has("request_uri")) {
    return fail(OAuthErrorCode::request_uri_not_supported,
                "The parameter request_uri is not supported: send the parameters themselves.");
  }
  if (input.form.has("registration")) {
    return fail(OAuthErrorCode::registration_not_supported,
                "The parameter registration is not supported: register the application first.");
  }
  return {};
}

}  // namespace oidc::request

// registration (OpenID Connect Core §7.2.1): for self-issued providers only, and so refused.
#include "oidc/request/authorization_steps.h"

namespace oidc::request {

Result<void> check_registration(const StepInput& input, AuthorizationRequest&) {
  if (!input.form.has("registration")) return {};
  return fail(OAuthErrorCode::registration_not_supported,
              "The parameter registration is not supported: register the application first.");
}

}  // namespace oidc::request

// code_challenge and code_challenge_method (RFC 7636 §4.3, RFC 9700 §2.1.1): S256 only.
#include "oidc/base/base64url.h"
#include "oidc/request/authorization_steps.h"

namespace oidc::request {

Result<void> check_pkce(const StepInput& input, AuthorizationRequest& request) {
  const auto challenge = input.form.get("code_challenge");
  const auto method = input.form.get("code_challenge_method");
  if (!challenge) {
    if (method) {
      return fail(OAuthErrorCode::invalid_request,
                  "The parameter code_challenge_method came without a code_challenge.");
    }
    if (request.response_type.code && (input.client.is_public() || input.client.pkce_required)) {
      return fail(OAuthErrorCode::invalid_request,
                  "This application must use PKCE: send code_challenge and "
                  "code_challenge_method=S256.");
    }
    return {};
  }
  // RFC 7636 §4.3: an absent method means "plain", which is refused like every other.
  if (!method || *method != "S256") {
    return fail(OAuthErrorCode::invalid_request, "The code_challenge_method must be S256.");
  }
  const auto digest = base64url_decode(*challenge);
  if (!digest || digest->size() != 32) {
    return fail(
        OAuthErrorCode::invalid_request,
        "The code_challenge must be the base64url SHA-256 of the verifier (43 characters).");
  }
  request.code_challenge = *challenge;
  return {};
}

}  // namespace oidc::request

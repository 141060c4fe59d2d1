#include "oidc/grant/authorization_code.h"

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/crypto/digest.h"

namespace oidc::grant {
namespace {

// RFC 7636 §4.1: 43 to 128 unreserved characters.
bool is_verifier(std::string_view text) {
  if (text.size() < 43 || text.size() > 128) return false;
  for (char c : text) {
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (!unreserved) return false;
  }
  return true;
}

std::unexpected<OAuthError> refuse(std::string detail) {
  return fail(OAuthErrorCode::invalid_grant,
              "The code is wrong, expired, used, or was issued for other parameters.",
              std::move(detail));
}

}  // namespace

Result<CodeRequest> parse_code_request(const Form& form) {
  CodeRequest request;
  const auto code = form.get("code");
  if (!code) return fail(OAuthErrorCode::invalid_request, "The parameter code is missing.");
  request.code = *code;
  request.redirect_uri = form.value_or("redirect_uri", "");
  request.code_verifier = form.value_or("code_verifier", "");
  request.resources = split_words(form.value_or("resource", ""));
  if (!request.code_verifier.empty() && !is_verifier(request.code_verifier)) {
    return fail(OAuthErrorCode::invalid_grant,
                "The code_verifier must be 43 to 128 unreserved characters.");
  }
  return request;
}

Result<CodeVerdict> check_code(const model::AuthorizationCode& code, const model::Client& client,
                               const CodeRequest& request, TimePoint now) {
  if (code.client_id != client.client_id) return refuse("code: issued to another client");
  if (code.redirect_uri != request.redirect_uri) {
    return refuse("redirect_uri: not that of the authorization request");
  }
  if (code.code_challenge.empty()) {
    // RFC 9700 §4.8.2: a verifier without a challenge is an attempt to downgrade.
    if (!request.code_verifier.empty()) {
      return refuse("code_verifier: came, but the authorization request had no code_challenge");
    }
  } else {
    if (request.code_verifier.empty()) return refuse("code_verifier: missing");
    const auto challenge = base64url_encode(crypto::sha256(request.code_verifier));
    if (!crypto::equal_constant_time(challenge, code.code_challenge)) {
      return refuse("code_verifier: does not fit the code_challenge");
    }
  }
  if (code.used_at) return CodeVerdict::replay;
  if (code.expires_at <= now) return refuse("code: expired");
  return CodeVerdict::redeem;
}

}  // namespace oidc::grant

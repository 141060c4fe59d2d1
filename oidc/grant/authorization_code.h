// Owns: the rules of redeeming an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.6, OpenID
// Connect Core §3.1.3.2). Pure; the single use itself is one statement of the store.
#pragma once
#include <string>
#include <vector>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/model/client.h"
#include "oidc/model/session.h"

namespace oidc::grant {

struct CodeRequest {
  std::string code;
  std::string redirect_uri;
  std::string code_verifier;           // empty when none came
  std::vector<std::string> resources;  // RFC 8707 §2.2: which of those granted; empty: all
};

// Errors: invalid_request for a missing or malformed parameter.
Result<CodeRequest> parse_code_request(const Form& form);

enum class CodeVerdict {
  redeem,  // use it up and issue
  replay,  // used before, and everything fits: revoke what it issued (RFC 6749 §4.1.2)
};
// Strangers burn nothing: a wrong client, redirect URI or verifier is invalid_grant and leaves the
// code as it is.
Result<CodeVerdict> check_code(const model::AuthorizationCode& code, const model::Client& client,
                               const CodeRequest& request, TimePoint now);

}  // namespace oidc::grant

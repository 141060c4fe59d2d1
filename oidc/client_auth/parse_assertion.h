// Owns: what parse_client_credentials() hands the parameters of a client assertion to (RFC 7521
// §4.2). Not for use outside this folder.
#pragma once
#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/client_auth/client_auth.h"

namespace oidc::client_auth {

// Reads client_assertion_type and client_assertion, and the client_id from `sub`. Verifies nothing.
// Error: invalid_client.
Result<ClientCredentials> parse_assertion(const Form& form);

}  // namespace oidc::client_auth

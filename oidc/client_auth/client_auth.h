// Owns: how a client proves who it is at /token, /introspect and /revoke: client_secret_basic,
// client_secret_post and none (RFC 6749 §2.3, OpenID Connect Core §9).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/base/secret.h"
#include "oidc/model/client.h"

namespace oidc::client_auth {

struct ClientCredentials {
  model::ClientAuthMethod method = model::ClientAuthMethod::none;
  std::string client_id;
  ClientSecret secret;  // empty for none
};

// Reads the one method used. `authorization`: the Authorization header, if any. Errors:
// invalid_request for two methods at once (RFC 6749 §2.3), invalid_client for none or a broken one.
Result<ClientCredentials> parse_client_credentials(std::optional<std::string_view> authorization,
                                                   const Form& form);

// True cost and answer are the same for an unknown client (`client` null) and a wrong secret. The
// method must be the registered one (RFC 7591 §2). Error: invalid_client.
Result<void> authenticate(const ClientCredentials& credentials, const model::Client* client);

// What is stored of a client secret: base64url SHA-256. Secrets are random, so no slow hash.
std::string client_secret_digest(std::string_view secret);

}  // namespace oidc::client_auth

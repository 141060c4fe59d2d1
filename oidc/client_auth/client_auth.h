// Owns: how a client proves who it is at /token, /introspect, /revoke and /par: with its secret
// (RFC 6749 §2.3), with a JWT that it signed (RFC 7523 §3, OpenID Connect Core §9), or not at all.
// Does not fetch keys, and does not know which assertions were used before.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/base/secret.h"
#include "oidc/base/time.h"
#include "oidc/jose/jwk.h"
#include "oidc/model/client.h"

namespace oidc::client_auth {

struct ClientCredentials {
  model::ClientAuthMethod method = model::ClientAuthMethod::none;
  std::string client_id;
  ClientSecret secret;  // empty for none, and with an assertion
  // The JWT of client_secret_jwt and private_key_jwt; nothing is verified.
  std::string assertion = {};

  bool is_assertion() const { return !assertion.empty(); }
};

// Reads the one method used. `authorization`: the Authorization header, if any. Errors:
// invalid_request for two methods at once (RFC 6749 §2.3), invalid_client for none or a broken one.
Result<ClientCredentials> parse_client_credentials(std::optional<std::string_view> authorization,
                                                   const Form& form);

// For the methods without an assertion. True cost and answer are the same for an unknown client
// (`client` null) and a wrong secret. The method must be the registered one (RFC 7591 §2). Error:
// invalid_client.
Result<void> authenticate(const ClientCredentials& credentials, const model::Client* client);

struct CheckedAssertion {
  std::string kid;  // the key to look for; empty when the JWT names none
  std::string jti;
  TimePoint remember_until{};  // as long as the same assertion could be accepted again
};
// Everything about an assertion that needs no key: method, algorithm, typ, iss, sub, aud, times,
// jti. `aud` must be one string, the issuer or its token endpoint: a list could name another
// server, which could then use the assertion here. Error: invalid_client, in the same words for a
// client that does not exist (`client` null).
Result<CheckedAssertion> check_assertion(const ClientCredentials& credentials,
                                         const model::Client* client, std::string_view issuer,
                                         TimePoint now);
// The signature, by `keys` for private_key_jwt or `secret` for client_secret_jwt. Error:
// invalid_client.
Result<void> verify_assertion(const ClientCredentials& credentials, const model::Client& client,
                              const std::vector<jose::Jwk>& keys, const ClientSecret& secret);
// The answer to an assertion that is not accepted, whatever the reason.
OAuthError assertion_refused(std::string detail);

// What is stored of a client secret: base64url SHA-256. Secrets are random, so no slow hash.
std::string client_secret_digest(std::string_view secret);

}  // namespace oidc::client_auth

#include "oidc/metadata/client_credentials.h"

#include "oidc/base/base64url.h"
#include "oidc/client_auth/client_auth.h"
#include "oidc/crypto/random.h"

namespace oidc::metadata {

using model::ClientAuthMethod;

std::string make_client_id() {
  for (;;) {
    auto id = crypto::random_id();
    if (!id.starts_with('-')) return id;
  }
}

bool needs_client_secret(ClientAuthMethod method) {
  switch (method) {
    case ClientAuthMethod::client_secret_basic:
    case ClientAuthMethod::client_secret_post:
    case ClientAuthMethod::client_secret_jwt:
      return true;
    case ClientAuthMethod::none:
    case ClientAuthMethod::private_key_jwt:
      return false;
  }
  return false;
}

std::expected<ClientSecret, std::string> issue_client_secret(model::Client& client,
                                                             const SealClientSecret& seal) {
  client.client_secret_digest.clear();
  client.client_secret_sealed.clear();
  if (!needs_client_secret(client.token_endpoint_auth_method)) return ClientSecret{};
  // base64url only: some clients do not percent-encode it in the Authorization header.
  ClientSecret secret(base64url_encode(crypto::random_bytes(32)));
  if (client.token_endpoint_auth_method != ClientAuthMethod::client_secret_jwt) {
    client.client_secret_digest = client_auth::client_secret_digest(secret.reveal());
    return secret;
  }
  if (!seal) return std::unexpected("The keys that client_secret_jwt needs are not at hand.");
  auto sealed = seal(client.client_id, secret);
  if (!sealed) return std::unexpected(sealed.error());
  client.client_secret_sealed = std::move(*sealed);
  return secret;
}

bool keep_client_secret(model::Client& client, const model::Client& old) {
  const bool was_sealed = old.token_endpoint_auth_method == ClientAuthMethod::client_secret_jwt;
  const bool is_sealed = client.token_endpoint_auth_method == ClientAuthMethod::client_secret_jwt;
  if (!needs_client_secret(client.token_endpoint_auth_method) ||
      !needs_client_secret(old.token_endpoint_auth_method) || was_sealed != is_sealed) {
    return false;
  }
  client.client_secret_digest = old.client_secret_digest;
  client.client_secret_sealed = old.client_secret_sealed;
  return true;
}

}  // namespace oidc::metadata

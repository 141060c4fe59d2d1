#include "server/endpoint/revocation.h"

#include "oidc/crypto/opaque_credential.h"
#include "oidc/token/claims.h"
#include "server/endpoint/client_authentication.h"
#include "server/provider/failure.h"

namespace server::endpoint {
namespace {

constexpr std::string_view kRoute = "/revoke";
using oidc::OAuthErrorCode;
using provider::Provider;

// RFC 7009 §2.1: "the authorization server ... verifies whether the token was issued to the client
// making the revocation request." Of a stranger's token nothing is said and nothing is done.
runtime::Task<store::StoreResult<void>> revoke(const Provider& provider,
                                               const oidc::model::Client& client, std::string token,
                                               store::Actor actor) {
  const auto now = provider.now();
  if (const auto refresh =
          oidc::crypto::parse_credential(oidc::crypto::CredentialKind::refresh_token, token)) {
    auto record = co_await provider.store.load_refresh(*refresh, now);
    if (!record) co_return std::unexpected(record.error());
    if (!*record || (*record)->token.client_id != client.client_id) {
      co_return store::StoreResult<void>{};
    }
    auto ended = co_await provider.store.revoke_grant((*record)->grant.id, "revoked by the client",
                                                      std::move(actor), now);
    if (!ended) co_return std::unexpected(ended.error());
    co_return store::StoreResult<void>{};
  }
  const auto access = oidc::token::verify_access_token(token, *provider.keys.verification_keys(),
                                                       provider.issuer, now);
  if (!access || access->client_id != client.client_id) co_return store::StoreResult<void>{};
  co_return co_await provider.store.revoke_access_token(access->jti, access->expires_at,
                                                        std::move(actor), now);
}

}  // namespace

runtime::Task<http::Response> post_revoke(const Provider& provider, http::Request request) {
  auto authenticated = co_await authenticate_client(provider, request, std::string(kRoute));
  if (!authenticated) co_return std::move(authenticated.error());
  const auto& client = *authenticated->client;
  const auto token = authenticated->form.get("token");
  if (!token) {
    co_return json_failure(provider, request, kRoute,
                           {OAuthErrorCode::invalid_request, "The parameter token is missing."},
                           client.client_id);
  }
  store::Actor actor{"client:" + client.client_id, request.client_address};
  auto revoked = co_await revoke(provider, client, *token, std::move(actor));
  if (!revoked) {
    // RFC 7009 §2.2.1: 503 and not 200, or the client would believe the token dead.
    co_return json_failure(provider, request, kRoute, provider::to_oauth_error(revoked.error()),
                           client.client_id);
  }
  co_return http::Response::json(200, "{}");
}

}  // namespace server::endpoint

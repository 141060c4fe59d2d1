#include "server/endpoint/introspection.h"

#include "oidc/base/text.h"
#include "oidc/crypto/opaque_credential.h"
#include "oidc/response/body.h"
#include "server/endpoint/bearer.h"
#include "server/endpoint/client_authentication.h"
#include "server/provider/failure.h"

namespace server::endpoint {
namespace {

constexpr std::string_view kRoute = "/introspect";
using oidc::OAuthErrorCode;
using provider::Provider;

// The sign-in name is the e-mail address: told only with the scope for it.
std::string username(const oidc::model::User& user, std::string_view scope) {
  return oidc::contains_word(scope, "email") ? user.primary_email() : "";
}

http::Response inactive() {
  return http::Response::json(200, oidc::response::inactive_body());
}

runtime::Task<http::Response> introspect_refresh(const Provider& provider,
                                                 const http::Request& request,
                                                 const oidc::model::Client& client,
                                                 oidc::crypto::OpaqueCredential credential) {
  const auto now = provider.now();
  auto record = co_await provider.store.load_refresh(credential, now);
  if (!record) {
    co_return json_failure(provider, request, kRoute, provider::to_oauth_error(record.error()));
  }
  const bool active = *record && (*record)->grant_live && !(*record)->token.used_at &&
                      (*record)->token.expires_at > now &&
                      (*record)->token.client_id == client.client_id;
  if (!active) co_return inactive();
  co_return http::Response::json(
      200, oidc::response::active_refresh_body((*record)->token, (*record)->grant, provider.issuer,
                                               username((*record)->user, (*record)->token.scope)));
}

}  // namespace

runtime::Task<http::Response> post_introspect(const Provider& provider, http::Request request) {
  auto authenticated = co_await authenticate_client(provider, request, std::string(kRoute));
  if (!authenticated) co_return std::move(authenticated.error());
  const auto& client = *authenticated->client;
  if (client.is_public()) {
    // RFC 7662 §2.1: the endpoint must be protected against token scanning.
    co_return json_failure(
        provider, request, kRoute,
        {OAuthErrorCode::invalid_client, "Introspection needs a client with a secret.",
         "introspection: public client"},
        client.client_id);
  }
  const auto token = authenticated->form.get("token");
  if (!token) {
    co_return json_failure(provider, request, kRoute,
                           {OAuthErrorCode::invalid_request, "The parameter token is missing."},
                           client.client_id);
  }
  // The form of the text says what it is, so token_type_hint is not needed (RFC 7662 §2.1).
  if (const auto refresh =
          oidc::crypto::parse_credential(oidc::crypto::CredentialKind::refresh_token, *token)) {
    co_return co_await introspect_refresh(provider, request, client, *refresh);
  }
  auto access = co_await find_access(provider, *token);
  if (!access) {
    if (access.error().code != OAuthErrorCode::invalid_token) {
      co_return json_failure(provider, request, kRoute, access.error(), client.client_id);
    }
    co_return inactive();
  }
  if (access->token.client_id != client.client_id) co_return inactive();
  co_return http::Response::json(
      200, oidc::response::active_body(access->token, provider.issuer,
                                       username(access->record.user, access->token.scope)));
}

}  // namespace server::endpoint

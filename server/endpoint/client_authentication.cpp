#include "server/endpoint/client_authentication.h"

#include "oidc/client_auth/client_auth.h"
#include "server/provider/failure.h"

namespace server::endpoint {
namespace {

using oidc::OAuthErrorCode;

oidc::Result<oidc::Form> read_form(const http::Request& request) {
  // RFC 6749 §2.3.1: credentials must not stand in the URI; nothing else belongs there either.
  if (!request.query.empty()) {
    return oidc::fail(OAuthErrorCode::invalid_request,
                      "Send the parameters in the body, not in the address.");
  }
  if (request.media_type() != "application/x-www-form-urlencoded") {
    return oidc::fail(OAuthErrorCode::invalid_request,
                      "The body must be application/x-www-form-urlencoded.");
  }
  auto form = oidc::Form::parse(request.body);
  if (!form) return form;
  for (const auto& [name, value] : form->entries()) {
    if (name.find('[') != std::string::npos) {
      return oidc::fail(OAuthErrorCode::invalid_request,
                        "Parameters are not lists: leave the brackets out.");
    }
  }
  return form;
}

// What shows that the client is the one it says. Two at once with the same assertion are decided by
// the database, after the signature: nobody else can use up a jti.
runtime::Task<oidc::Result<void>> prove(const provider::Provider& provider,
                                        const oidc::client_auth::ClientCredentials& credentials,
                                        const oidc::model::Client* client) {
  if (!credentials.is_assertion()) {
    co_return oidc::client_auth::authenticate(credentials, client);
  }
  const auto now = provider.now();
  auto assertion = oidc::client_auth::check_assertion(credentials, client, provider.issuer, now);
  if (!assertion) co_return std::unexpected(assertion.error());
  std::vector<oidc::jose::Jwk> keys;
  oidc::ClientSecret secret;
  if (credentials.method == oidc::model::ClientAuthMethod::client_secret_jwt) {
    auto opened = provider.keys.open_client_secret(client->client_id, client->client_secret_sealed);
    if (!opened) {
      co_return oidc::fail(OAuthErrorCode::server_error,
                           "The server failed; the operator can look up the reference.",
                           "client_secret_sealed: cannot be opened");
    }
    secret = std::move(*opened);
  } else {
    auto found = co_await provider.client_keys.find(*client, assertion->kid, now);
    if (!found) co_return std::unexpected(found.error());
    keys = std::move(*found);
  }
  if (auto sound = oidc::client_auth::verify_assertion(credentials, *client, keys, secret);
      !sound) {
    co_return sound;
  }
  auto fresh = co_await provider.store.use_assertion(client->client_id, assertion->jti,
                                                     assertion->remember_until, now);
  if (!fresh) co_return std::unexpected(provider::to_oauth_error(fresh.error()));
  if (!*fresh) {
    co_return std::unexpected(
        oidc::client_auth::assertion_refused("client_assertion: its jti was used before"));
  }
  co_return oidc::Result<void>{};
}

}  // namespace

runtime::Task<std::expected<ClientRequest, http::Response>> authenticate_client(
    const provider::Provider& provider, const http::Request& request, std::string route) {
  auto form = read_form(request);
  if (!form) co_return std::unexpected(json_failure(provider, request, route, form.error()));
  if (request.count("authorization") > 1) {
    co_return std::unexpected(
        json_failure(provider, request, route,
                     {OAuthErrorCode::invalid_request, "Two Authorization headers came."}));
  }
  auto credentials =
      oidc::client_auth::parse_client_credentials(request.header("authorization"), *form);
  if (!credentials) {
    co_return std::unexpected(json_failure(provider, request, route, credentials.error()));
  }
  auto client = co_await provider.store.find_client(credentials->client_id, provider.now());
  if (!client) {
    co_return std::unexpected(
        json_failure(provider, request, route, provider::to_oauth_error(client.error())));
  }
  if (auto sound = co_await prove(provider, *credentials, client->get()); !sound) {
    co_return std::unexpected(json_failure(provider, request, route, sound.error(),
                                           *client ? credentials->client_id : ""));
  }
  co_return ClientRequest{std::move(*form), std::move(*client)};
}

}  // namespace server::endpoint

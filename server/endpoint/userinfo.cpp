#include "server/endpoint/userinfo.h"

#include <algorithm>

#include "oidc/base/text.h"
#include "oidc/token/claims.h"
#include "server/endpoint/bearer.h"
#include "server/provider/failure.h"

namespace server::endpoint {
namespace {

constexpr std::string_view kRoute = "/userinfo";

// OpenID Connect Core §5.3.2: for clients that registered userinfo_signed_response_alg.
http::Response signed_answer(const provider::Provider& provider, const http::Request& request,
                             const oidc::model::Client& client, std::string_view claims) {
  const auto algorithm = oidc::jose::parse_algorithm(client.userinfo_signed_response_alg);
  std::optional<std::string> jwt;
  if (algorithm) {
    jwt = provider.keys.sign(*algorithm, oidc::token::kIdTokenType,
                             oidc::token::signed_userinfo_claims(claims, provider.issuer,
                                                                 client.client_id, provider.now()));
  }
  if (!jwt) {
    return json_failure(provider, request, kRoute,
                        {oidc::OAuthErrorCode::server_error,
                         "The answer could not be signed; try again.", "signer: no signature"},
                        client.client_id);
  }
  auto response = http::Response::json(200, std::move(*jwt));
  response.set("Content-Type", "application/jwt");
  return response;
}

}  // namespace

runtime::Task<http::Response> userinfo(const provider::Provider& provider, http::Request request) {
  auto bearer = read_bearer(request);
  if (!bearer) co_return bearer_failure(provider, request, kRoute, bearer.error(), true);
  if (!*bearer) {
    co_return bearer_failure(provider, request, kRoute,
                             {oidc::OAuthErrorCode::invalid_token, "An access token is needed.",
                              "access token: none came"},
                             false);
  }
  auto access = co_await find_access(provider, std::move(**bearer));
  if (!access) co_return bearer_failure(provider, request, kRoute, access.error(), true);
  // RFC 9068 §4: the token must be meant for this resource.
  if (std::ranges::find(access->token.audience, provider.issuer) == access->token.audience.end()) {
    co_return bearer_failure(
        provider, request, kRoute,
        {oidc::OAuthErrorCode::invalid_token, "The access token is meant for another resource.",
         "access token: the issuer is not in aud"},
        true);
  }
  if (!oidc::contains_word(access->token.scope, "openid")) {
    co_return bearer_failure(
        provider, request, kRoute,
        {oidc::OAuthErrorCode::insufficient_scope, "The access token lacks the scope openid."},
        true);
  }
  auto claims =
      oidc::token::userinfo_claims(access->record.user, access->record.grant, access->token.scope);
  auto client = co_await provider.store.find_client(access->token.client_id, provider.now());
  if (!client) {
    co_return bearer_failure(provider, request, kRoute, provider::to_oauth_error(client.error()),
                             true);
  }
  if (*client && !(*client)->userinfo_signed_response_alg.empty()) {
    co_return signed_answer(provider, request, **client, claims);
  }
  co_return http::Response::json(200, std::move(claims));
}

}  // namespace server::endpoint

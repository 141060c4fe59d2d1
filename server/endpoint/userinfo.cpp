#include "server/endpoint/userinfo.h"

#include "oidc/base/text.h"
#include "oidc/token/claims.h"
#include "server/endpoint/bearer.h"
#include "server/provider/failure.h"

namespace server::endpoint {
namespace {
constexpr std::string_view kRoute = "/userinfo";
}

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
  if (access->token.audience != provider.issuer) {
    co_return bearer_failure(
        provider, request, kRoute,
        {oidc::OAuthErrorCode::invalid_token, "The access token is meant for another resource.",
         "access token: aud is not the issuer"},
        true);
  }
  if (!oidc::contains_word(access->token.scope, "openid")) {
    co_return bearer_failure(
        provider, request, kRoute,
        {oidc::OAuthErrorCode::insufficient_scope, "The access token lacks the scope openid."},
        true);
  }
  co_return http::Response::json(
      200, oidc::token::userinfo_claims(access->record.user, access->token.scope));
}

}  // namespace server::endpoint

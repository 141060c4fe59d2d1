#include "server/endpoint/token.h"

#include <array>

#include "oidc/base/text.h"
#include "oidc/response/body.h"
#include "server/provider/failure.h"

namespace server::endpoint {
namespace {

constexpr std::string_view kRoute = "/token";

struct GrantRow {
  std::string_view grant_type;
  runtime::Task<GrantResult> (*run)(const provider::Provider&, const http::Request&,
                                    const ClientRequest&);
};
constexpr std::array<GrantRow, 2> kGrants = {{
    {"authorization_code", &grant_authorization_code},
    {"refresh_token", &grant_refresh_token},
}};

}  // namespace

runtime::Task<http::Response> post_token(const provider::Provider& provider,
                                         http::Request request) {
  auto authenticated = co_await authenticate_client(provider, request, std::string(kRoute));
  if (!authenticated) co_return std::move(authenticated.error());
  const auto& client_id = authenticated->client->client_id;
  const auto grant_type = authenticated->form.get("grant_type");
  const GrantRow* row = nullptr;
  for (const auto& candidate : kGrants) {
    if (grant_type == candidate.grant_type) row = &candidate;
  }
  if (!row) {
    oidc::OAuthError error{oidc::OAuthErrorCode::unsupported_grant_type,
                           "The grant_type must be authorization_code or refresh_token."};
    if (!grant_type) {
      error = {oidc::OAuthErrorCode::invalid_request, "The parameter grant_type is missing."};
    }
    co_return json_failure(provider, request, kRoute, error, client_id);
  }
  // Checked here so that a client without the grant learns it before anything is read; the gate
  // checks it again for every grant.
  if (!authenticated->client->has_grant_type(row->grant_type)) {
    co_return json_failure(provider, request, kRoute,
                           {oidc::OAuthErrorCode::unauthorized_client,
                            "This application is not registered for the grant type " +
                                std::string(row->grant_type) + "."},
                           client_id);
  }
  auto answer = co_await row->run(provider, request, *authenticated);
  if (!answer) co_return json_failure(provider, request, kRoute, answer.error(), client_id);
  provider.metrics.tokens_issued(row->grant_type);
  auto response = http::Response::json(
      200, oidc::response::token_body(answer->tokens, answer->refresh_token, provider.now()));
  response.set("Pragma", "no-cache");
  co_return response;
}

}  // namespace server::endpoint

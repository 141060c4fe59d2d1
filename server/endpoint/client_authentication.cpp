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
  if (auto sound = oidc::client_auth::authenticate(*credentials, client->get()); !sound) {
    co_return std::unexpected(json_failure(provider, request, route, sound.error(),
                                           *client ? credentials->client_id : ""));
  }
  co_return ClientRequest{std::move(*form), std::move(*client)};
}

}  // namespace server::endpoint

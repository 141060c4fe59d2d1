#include "server/endpoint/pushed_authorization.h"

#include <nlohmann/json.hpp>

#include "oidc/crypto/opaque_credential.h"
#include "oidc/request/authorization_request.h"
#include "server/endpoint/client_authentication.h"
#include "server/provider/failure.h"
#include "server/provider/request_uri.h"
#include "server/provider/source_limit.h"

namespace server::endpoint {
namespace {

constexpr std::string_view kRoute = "/par";
// What the pages of the sign-in can carry (server/signin/flow.h): said here, not to the person.
constexpr std::size_t kMostBytes = 4 * 1024;
constexpr provider::SourceLimit kPublicLimit{.what = "pushed requests",
                                             .per_source = 600,
                                             .in_all = 100'000,
                                             .window = std::chrono::minutes(10)};

using oidc::OAuthErrorCode;
using provider::Provider;

// The parameters that count, without how the client proved who it is: no secret is kept.
runtime::Task<oidc::Result<oidc::Form>> read_parameters(const Provider& provider,
                                                        const oidc::model::Client& client,
                                                        const oidc::Form& form) {
  if (form.has("request_uri")) {
    co_return oidc::fail(OAuthErrorCode::invalid_request,
                         "A pushed request must not hold request_uri.");
  }
  auto resolved = co_await provider::resolve_request_object(provider, form, client);
  if (!resolved) co_return resolved;
  for (const char* name : {"client_secret", "client_assertion", "client_assertion_type"}) {
    resolved->erase(name);
  }
  resolved->set("client_id", client.client_id);
  co_return resolved;
}

const oidc::OAuthError& error_of(const oidc::request::AuthorizationFailure& failure) {
  const auto* page = std::get_if<oidc::request::PageError>(&failure);
  return page ? page->error : std::get<oidc::request::RedirectError>(failure).error;
}

runtime::Task<oidc::Result<std::string>> keep(const Provider& provider,
                                              const oidc::model::Client& client,
                                              const oidc::Form& form) {
  const auto now = provider.now();
  auto parameters = form.encode();
  if (parameters.size() > kMostBytes) {
    co_return oidc::fail(OAuthErrorCode::invalid_request,
                         "The request is too large: its parameters must fit in 4 KB.");
  }
  auto credential = oidc::crypto::make_credential(oidc::crypto::CredentialKind::pushed_request, 0,
                                                  provider.store.next_row());
  store::PushedRequest pushed{.stored = credential.stored,
                              .client_id = client.client_id,
                              .parameters = std::move(parameters),
                              .expires_at = now + provider.config.pushed_request_lifetime};
  auto kept = co_await provider.store.insert_pushed_request(std::move(pushed), now);
  if (!kept) co_return std::unexpected(provider::to_oauth_error(kept.error()));
  co_return std::move(credential.text);
}

}  // namespace

runtime::Task<http::Response> post_par(const Provider& provider, http::Request request) {
  auto authenticated = co_await authenticate_client(provider, request, std::string(kRoute));
  if (!authenticated) co_return std::move(authenticated.error());
  const auto& client = *authenticated->client;
  if (client.is_public() || client.quarantined) {
    // Whoever knows the client_id, or registered by themselves, can push.
    auto refused =
        co_await provider::limit_source(provider, request, std::string(kRoute), kPublicLimit);
    if (refused) co_return std::move(*refused);
  }
  auto form = co_await read_parameters(provider, client, authenticated->form);
  if (!form) co_return json_failure(provider, request, kRoute, form.error(), client.client_id);
  const auto checked =
      oidc::request::parse_authorization_request(*form, client, provider.features, provider.now());
  if (!checked) {
    co_return json_failure(provider, request, kRoute, error_of(checked.error()), client.client_id);
  }
  auto kept = co_await keep(provider, client, *form);
  if (!kept) co_return json_failure(provider, request, kRoute, kept.error(), client.client_id);
  const auto lifetime = std::chrono::floor<std::chrono::seconds>(
      std::chrono::milliseconds(provider.config.pushed_request_lifetime));
  const nlohmann::json body = {
      {"request_uri", std::string(provider::kPushedRequestPrefix) + *kept},
      {"expires_in", lifetime.count()},
  };
  co_return http::Response::json(201, body.dump());
}

}  // namespace server::endpoint

#include "server/provider/request_uri.h"

#include <algorithm>

#include "oidc/base/text.h"
#include "oidc/request/request_object.h"
#include "server/provider/failure.h"

namespace server::provider {
namespace {

using oidc::OAuthError;
using oidc::OAuthErrorCode;
using oidc::model::Client;

constexpr std::size_t kMostObjectBytes = 16 * 1024;

runtime::Task<oidc::Result<oidc::Form>> merge_object(const Provider& provider,
                                                     const oidc::Form& form, const Client& client,
                                                     std::string text) {
  const auto now = provider.now();
  std::vector<oidc::jose::Jwk> keys;
  // Nothing is fetched for what can't be verified anyway.
  if (auto kid = oidc::request::request_object_kid(text)) {
    auto found = co_await provider.client_keys.find(client, std::move(*kid), now);
    if (!found) co_return std::unexpected(found.error());
    keys = std::move(*found);
  }
  co_return oidc::request::merge_request_object(form, {.text = text,
                                                       .client = client,
                                                       .keys = keys,
                                                       .issuer = provider.issuer,
                                                       .features = provider.features,
                                                       .now = now});
}

OAuthError object_missing() {
  return {OAuthErrorCode::invalid_request,
          "This application must send its parameters in a signed request object."};
}

oidc::Result<ResolvedRequest> from_object(oidc::Result<oidc::Form> merged) {
  if (!merged) return std::unexpected(merged.error());
  return ResolvedRequest{std::move(*merged), std::nullopt, true};
}

// RFC 9126 §4: the pushed parameters alone count. Of another client's request nothing is said.
runtime::Task<oidc::Result<ResolvedRequest>> load_pushed(const Provider& provider,
                                                         const Client& client,
                                                         std::string_view text) {
  const auto credential =
      oidc::crypto::parse_credential(oidc::crypto::CredentialKind::pushed_request, text);
  const OAuthError refused{OAuthErrorCode::invalid_request_uri,
                           "The request_uri is not known: it has expired, was used, or is not this "
                           "application's. Push the request again."};
  if (!credential) co_return std::unexpected(refused);
  auto found = co_await provider.store.find_pushed_request(*credential, provider.now());
  if (!found) co_return std::unexpected(to_oauth_error(found.error()));
  if (!*found || (*found)->client_id != client.client_id) co_return std::unexpected(refused);
  auto form = oidc::Form::parse((*found)->parameters);
  if (!form) co_return std::unexpected(form.error());
  form->set("client_id", client.client_id);
  co_return ResolvedRequest{std::move(*form), credential, false};
}

// OpenID Connect Core §6.2: compared with its fragment, which stands for a version, and asked for
// without it.
runtime::Task<oidc::Result<std::string>> fetch_object(const Provider& provider,
                                                      const Client& client, std::string uri) {
  if (std::ranges::find(client.request_uris, uri) == client.request_uris.end()) {
    co_return oidc::fail(OAuthErrorCode::invalid_request_uri,
                         "The request_uri is not registered for this application.");
  }
  auto answer = co_await provider.outbound.send({.url = uri.substr(0, uri.find('#')),
                                                 .accept = "application/oauth-authz-req+jwt, */*",
                                                 .most_bytes = kMostObjectBytes});
  if (!answer) {
    if (answer.error().fault == outbound::OutboundFault::overloaded) {
      co_return oidc::fail(OAuthErrorCode::temporarily_unavailable,
                           "The server is busy; try again.",
                           "request_uri: " + answer.error().detail);
    }
    co_return oidc::fail(OAuthErrorCode::invalid_request_uri, "The request_uri cannot be read.",
                         "request_uri: " + answer.error().detail);
  }
  if (answer->status != 200) {
    co_return oidc::fail(OAuthErrorCode::invalid_request_uri, "The request_uri cannot be read.",
                         "request_uri: expected 200, received " + std::to_string(answer->status));
  }
  co_return std::string(oidc::trim(answer->body));
}

}  // namespace

runtime::Task<oidc::Result<oidc::Form>> resolve_request_object(const Provider& provider,
                                                               const oidc::Form& form,
                                                               const Client& client) {
  auto text = form.get("request");
  if (text) co_return co_await merge_object(provider, form, client, std::move(*text));
  if (client.require_signed_request_object) co_return std::unexpected(object_missing());
  co_return form;
}

runtime::Task<oidc::Result<ResolvedRequest>> resolve_request(const Provider& provider,
                                                             const oidc::Form& form,
                                                             const Client& client) {
  for (const char* name : {"request", "request_uri"}) {
    if (form.is_repeated(name)) co_return std::unexpected(oidc::repeated_parameter(name));
  }
  auto object = form.get("request");
  auto uri = form.get("request_uri");
  if (object && uri) {
    co_return oidc::fail(OAuthErrorCode::invalid_request,
                         "The parameters request and request_uri exclude each other.");
  }
  if (uri && uri->starts_with(kPushedRequestPrefix)) {
    co_return co_await load_pushed(provider, client,
                                   std::string_view(*uri).substr(kPushedRequestPrefix.size()));
  }
  if (client.require_pushed_authorization_requests) {
    co_return oidc::fail(OAuthErrorCode::invalid_request,
                         "This application must push its requests to /par first.");
  }
  if (uri) {
    auto fetched = co_await fetch_object(provider, client, std::move(*uri));
    if (!fetched) co_return std::unexpected(fetched.error());
    co_return from_object(co_await merge_object(provider, form, client, std::move(*fetched)));
  }
  if (object) {
    co_return from_object(co_await merge_object(provider, form, client, std::move(*object)));
  }
  if (client.require_signed_request_object) co_return std::unexpected(object_missing());
  ResolvedRequest plain{form, std::nullopt, false};
  co_return plain;
}

}  // namespace server::provider

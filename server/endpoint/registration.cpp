#include "server/endpoint/registration.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "oidc/base/base64url.h"
#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/client_auth/client_auth.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/opaque_credential.h"
#include "oidc/metadata/client_credentials.h"
#include "oidc/metadata/client_metadata.h"
#include "oidc/metadata/scope.h"
#include "oidc/response/body.h"
#include "server/endpoint/bearer.h"
#include "server/provider/failure.h"
#include "server/provider/source_limit.h"

namespace server::endpoint {
namespace {

constexpr std::string_view kRoute = "/register";
constexpr std::string_view kClientRoute = "/register/*";
constexpr std::string_view kClientPath = "/register/";
// Of one update, when others of the same client are always faster.
constexpr int kMostTries = 5;

using oidc::ClientSecret;
using oidc::OAuthErrorCode;
using oidc::crypto::CredentialKind;
using oidc::crypto::OpaqueCredential;
using oidc::metadata::Registration;
using oidc::model::Client;
using provider::Provider;

// For statuses that no OAuth error has by itself.
http::Response failure_with_status(const Provider& provider, const http::Request& request,
                                   std::string_view route, const oidc::OAuthError& error,
                                   int status) {
  const auto id = provider::record_failure(provider, request, route, error, status);
  return http::Response::json(status, oidc::response::error_body(error, id));
}

http::Response refuse_closed(const Provider& provider, const http::Request& request,
                             std::string_view route) {
  return failure_with_status(
      provider, request, route,
      {OAuthErrorCode::access_denied, "The operator registers applications; ask there.",
       "registration: switched off"},
      403);
}

// --- who may register
// -----------------------------------------------------------------------------

struct Admission {
  std::optional<OpaqueCredential> token;  // absent: anybody may, unverified
};
using Admitted = std::expected<Admission, http::Response>;

oidc::OAuthError no_initial_access() {
  return {OAuthErrorCode::invalid_token, "Registering needs an initial access token.",
          "initial access token: none came"};
}

oidc::OAuthError bad_initial_access() {
  return {OAuthErrorCode::invalid_token, "The initial access token is not valid here.",
          "initial access token: unknown, used up or ended"};
}

// Before anything is fetched on its behalf; register_client() decides again when it uses it up.
runtime::Task<store::StoreResult<bool>> is_usable(const Provider& provider,
                                                  OpaqueCredential credential) {
  if (credential.row <= 0) co_return false;
  auto rows = co_await provider.store.list_initial_access(credential.row - 1, 1);
  if (!rows) co_return std::unexpected(rows.error());
  if (rows->empty()) co_return false;
  const auto& found = rows->front();
  co_return found.stored.row == credential.row&& oidc::crypto::equal_constant_time(
                                    found.stored.digest, credential.digest) &&
      found.uses_left > 0 && !found.revoked_at && found.expires_at > provider.now();
}

// Strangers: so many per source and hour, whatever becomes of them.
provider::SourceLimit stranger_limit(const Provider& provider) {
  return {.what = "registrations",
          .per_source = provider.config.registration_address_attempts,
          .window = std::chrono::hours(1)};
}

runtime::Task<Admitted> admit(const Provider& provider, const http::Request& request) {
  const auto mode = provider.features.registration;
  if (mode == Registration::closed) {
    co_return std::unexpected(refuse_closed(provider, request, kRoute));
  }
  auto bearer = read_bearer(request);
  if (!bearer) {
    co_return std::unexpected(bearer_failure(provider, request, kRoute, bearer.error(), true));
  }
  if (!*bearer) {
    if (mode == Registration::token) {
      co_return std::unexpected(
          bearer_failure(provider, request, kRoute, no_initial_access(), false));
    }
    auto throttled = co_await provider::limit_source(provider, request, std::string(kRoute),
                                                     stranger_limit(provider));
    if (throttled) co_return std::unexpected(std::move(*throttled));
    co_return Admission{};
  }
  const auto credential = oidc::crypto::parse_credential(CredentialKind::initial_access, **bearer);
  bool usable = false;
  if (credential) {
    auto found = co_await is_usable(provider, *credential);
    if (!found) {
      co_return std::unexpected(
          json_failure(provider, request, kRoute, provider::to_oauth_error(found.error())));
    }
    usable = *found;
  }
  if (!usable) {
    co_return std::unexpected(
        bearer_failure(provider, request, kRoute, bad_initial_access(), true));
  }
  co_return Admission{credential};
}

// --- what is registered
// ---------------------------------------------------------------------------

oidc::Result<std::unique_ptr<nlohmann::json>> read_body(const http::Request& request) {
  if (request.media_type() != "application/json") {
    return oidc::fail(OAuthErrorCode::invalid_client_metadata,
                      "The body must be application/json.");
  }
  auto body = oidc::parse_json_object(request.body);
  if (!body) {
    return oidc::fail(OAuthErrorCode::invalid_client_metadata,
                      "The body must be one JSON object without repeated names.");
  }
  return body;
}

// What this server itself will fetch must not lead inside. Who looks the names up is the outbound
// module, at each request again.
oidc::Result<void> check_fetched_addresses(const Provider& provider, const Client& client) {
  const auto& allowed = provider.config.outbound_allowed_addresses;
  const auto check = [&allowed](std::string_view field,
                                std::string_view uri) -> oidc::Result<void> {
    // A request_uri keeps its fragment, which is not sent (OpenID Connect Core §6.2).
    uri = uri.substr(0, uri.find('#'));
    if (uri.empty() || outbound::is_acceptable_url(uri, allowed)) return {};
    return oidc::fail(
        OAuthErrorCode::invalid_client_metadata,
        "The field " + std::string(field) + " holds an address that this server may not ask.");
  };
  const std::pair<std::string_view, std::string_view> fields[] = {
      {"jwks_uri", client.jwks_uri},
      {"sector_identifier_uri", client.sector_identifier_uri},
      {"logo_uri", client.logo_uri},
      {"backchannel_logout_uri", client.backchannel_logout_uri},
  };
  for (const auto& [field, uri] : fields) {
    if (auto sound = check(field, uri); !sound) return sound;
  }
  for (const auto& uri : client.request_uris) {
    if (auto sound = check("request_uris", uri); !sound) return sound;
  }
  return {};
}

runtime::Task<oidc::Result<void>> check_sector(const Provider& provider, const Client& client) {
  if (client.sector_identifier_uri.empty()) co_return oidc::Result<void>{};
  auto answer = co_await provider.outbound.send(
      {.url = client.sector_identifier_uri, .accept = "application/json"});
  // One sentence for whatever went wrong, so that nobody can look around inside with it.
  constexpr const char* kNotHad = "The document at sector_identifier_uri could not be fetched.";
  if (!answer) {
    if (answer.error().fault == outbound::OutboundFault::overloaded) {
      co_return oidc::fail(OAuthErrorCode::temporarily_unavailable,
                           "The server is busy; nothing was used up, so try again.",
                           "sector_identifier_uri: " + answer.error().detail);
    }
    co_return oidc::fail(OAuthErrorCode::invalid_client_metadata, kNotHad,
                         "sector_identifier_uri: " + answer.error().detail);
  }
  if (answer->status != 200) {
    co_return oidc::fail(
        OAuthErrorCode::invalid_client_metadata, kNotHad,
        "sector_identifier_uri: expected status 200, received " + std::to_string(answer->status));
  }
  co_return oidc::metadata::check_sector_document(answer->body, client);
}

runtime::Task<oidc::Result<Client>> read_client(const Provider& provider,
                                                const nlohmann::json& metadata) {
  auto client = oidc::metadata::parse_client_metadata(metadata, provider.features);
  if (!client) co_return client;
  if (auto sound = check_fetched_addresses(provider, *client); !sound) {
    co_return std::unexpected(sound.error());
  }
  if (auto sound = co_await check_sector(provider, *client); !sound) {
    co_return std::unexpected(sound.error());
  }
  co_return client;
}

// Nobody vouches for this client: it gets nothing that outlives the person's session.
void quarantine(Client& client) {
  client.quarantined = true;
  // Each use of one would be a fetch that a stranger makes us do.
  client.request_uris.clear();
  std::erase(client.grant_types, "refresh_token");
  std::string scope;
  for (const auto& row : oidc::metadata::scopes()) {
    // An empty list stands for every scope.
    const bool wanted = client.scope.empty() || oidc::contains_word(client.scope, row.scope);
    if (!wanted || row.scope == "offline_access") continue;
    scope += (scope.empty() ? "" : " ") + std::string(row.scope);
  }
  client.scope = scope.empty() ? "openid" : scope;
}

// --- answers
// --------------------------------------------------------------------------------------

// RFC 7591 §3.2.1, RFC 7592 §3.
http::Response client_information(const Provider& provider, int status, const Client& client,
                                  const ClientSecret& secret, const std::string& access_token) {
  auto body = oidc::metadata::to_json(client);
  body.erase("sector_identifier");  // ours, made from the fields
  body["client_id_issued_at"] = oidc::to_seconds(client.created_at);
  if (!secret.empty()) {
    body["client_secret"] = secret.reveal();
    body["client_secret_expires_at"] = 0;
  }
  body["registration_access_token"] = access_token;
  body["registration_client_uri"] = provider.issuer + std::string(kClientPath) + client.client_id;
  return http::Response::json(status, body.dump());
}

std::expected<ClientSecret, std::string> issue_secret(const Provider& provider, Client& client) {
  return oidc::metadata::issue_client_secret(client, [&provider](std::string_view id,
                                                                 const ClientSecret& secret) {
    return std::expected<std::string, std::string>(provider.keys.seal_client_secret(id, secret));
  });
}

oidc::OAuthError secret_failure(const std::string& detail) {
  return {OAuthErrorCode::server_error,
          "The server failed; the operator can look up the reference.", "client secret: " + detail};
}

// --- one registered client
// ------------------------------------------------------------------------

struct Managed {
  std::shared_ptr<const Client> client;
  std::string access_token;
};

// RFC 7592 §2: the same answer for a client that is not there and for a token that is not its own.
runtime::Task<std::expected<Managed, http::Response>> find_managed(const Provider& provider,
                                                                   const http::Request& request) {
  if (provider.features.registration == Registration::closed) {
    co_return std::unexpected(refuse_closed(provider, request, kClientRoute));
  }
  auto bearer = read_bearer(request);
  if (!bearer) {
    co_return std::unexpected(
        bearer_failure(provider, request, kClientRoute, bearer.error(), true));
  }
  if (!*bearer) {
    co_return std::unexpected(
        bearer_failure(provider, request, kClientRoute,
                       {OAuthErrorCode::invalid_token, "A registration access token is needed.",
                        "registration access token: none came"},
                       false));
  }
  const auto client_id = request.path.substr(kClientPath.size());
  std::shared_ptr<const Client> client;
  if (client_id.size() <= 64 && oidc::is_printable_ascii(client_id)) {
    auto found = co_await provider.store.find_client(client_id, provider.now());
    if (!found) {
      co_return std::unexpected(
          json_failure(provider, request, kClientRoute, provider::to_oauth_error(found.error())));
    }
    client = std::move(*found);
  }
  const auto credential = oidc::crypto::parse_credential(CredentialKind::registration, **bearer);
  const std::string known = client ? client->registration_access_token_digest : "";
  // A client that the operator made has no digest, and an empty one fits nothing.
  const bool fits =
      credential && !known.empty() && oidc::crypto::equal_constant_time(credential->digest, known);
  if (!fits) {
    co_return std::unexpected(bearer_failure(
        provider, request, kClientRoute,
        {OAuthErrorCode::invalid_token, "The registration access token is not valid here.",
         "registration access token: unknown, or of another client"},
        true));
  }
  co_return Managed{std::move(client), std::move(**bearer)};
}

// RFC 7592 §2.2: the id must be there and right; a secret may be, and must then be the present one.
oidc::Result<void> check_own_values(const Provider& provider, const nlohmann::json& metadata,
                                    const Client& client) {
  if (oidc::string_member(metadata, "client_id") != client.client_id) {
    return oidc::fail(OAuthErrorCode::invalid_client_metadata,
                      "The field client_id must be that of this client.");
  }
  const auto found = metadata.find("client_secret");
  if (found == metadata.end() || found->is_null()) return {};
  const auto given = oidc::string_member(metadata, "client_secret").value_or("");
  bool same = false;
  if (!client.client_secret_sealed.empty()) {
    const auto secret =
        provider.keys.open_client_secret(client.client_id, client.client_secret_sealed);
    same = secret && oidc::crypto::equal_constant_time(secret->reveal(), given);
  } else if (!client.client_secret_digest.empty()) {
    same = oidc::crypto::equal_constant_time(client.client_secret_digest,
                                             oidc::client_auth::client_secret_digest(given));
  }
  if (same) return {};
  return oidc::fail(OAuthErrorCode::invalid_client_metadata,
                    "The field client_secret is not that of this client; the server chooses it.");
}

// What an update can't change, whatever the metadata say.
void keep_standing(Client& client, const Client& old) {
  client.client_id = old.client_id;
  client.created_at = old.created_at;
  client.updated_at = old.updated_at;
  client.first_party = old.first_party;
  client.registration_access_token_digest = old.registration_access_token_digest;
  client.pkce_required = client.pkce_required || old.pkce_required;
  if (old.quarantined) quarantine(client);
}

http::Response update_failure(const Provider& provider, const http::Request& request,
                              const oidc::OAuthError& error, const Client& client) {
  return json_failure(provider, request, kClientRoute, error, client.client_id);
}

http::Response gone(const Provider& provider, const http::Request& request) {
  return bearer_failure(
      provider, request, kClientRoute,
      {OAuthErrorCode::invalid_token, "The registration access token is not valid here.",
       "registration access token: its client is gone"},
      true);
}

// Puts what the client asks for in the place of what is there. Nothing: that has changed since it
// was read.
runtime::Task<std::optional<http::Response>> replace(const Provider& provider,
                                                     const http::Request& request,
                                                     const Managed& managed,
                                                     const nlohmann::json& metadata,
                                                     Client client) {
  const Client& old = *managed.client;
  if (auto sound = check_own_values(provider, metadata, old); !sound) {
    co_return update_failure(provider, request, sound.error(), old);
  }
  keep_standing(client, old);
  ClientSecret fresh;
  if (!oidc::metadata::keep_client_secret(client, old)) {
    auto secret = issue_secret(provider, client);
    if (!secret) {
      co_return update_failure(provider, request, secret_failure(secret.error()), old);
    }
    fresh = std::move(*secret);
  }
  const auto updated = co_await provider.store.update_client(
      client, {"client:" + old.client_id, request.client_address}, provider.now());
  if (!updated) {
    co_return update_failure(provider, request, provider::to_oauth_error(updated.error()), old);
  }
  switch (*updated) {
    case store::UpdateOutcome::changed:
      co_return std::nullopt;
    case store::UpdateOutcome::no_such_client:
      co_return gone(provider, request);
    case store::UpdateOutcome::updated:
      break;
  }
  provider.client_keys.forget(old.client_id);
  co_return client_information(provider, 200, client, fresh, managed.access_token);
}

}  // namespace

runtime::Task<http::Response> post_registration(const Provider& provider, http::Request request) {
  auto admitted = co_await admit(provider, request);
  if (!admitted) co_return std::move(admitted.error());
  auto metadata = read_body(request);
  if (!metadata) co_return json_failure(provider, request, kRoute, metadata.error());
  auto client = co_await read_client(provider, **metadata);
  if (!client) co_return json_failure(provider, request, kRoute, client.error());
  if (!admitted->token) quarantine(*client);
  client->client_id = oidc::metadata::make_client_id();
  const auto now = provider.now();
  client->created_at = now;
  auto secret = issue_secret(provider, *client);
  if (!secret) co_return json_failure(provider, request, kRoute, secret_failure(secret.error()));
  const auto access_token =
      oidc::crypto::make_credential(CredentialKind::registration, 0, provider.store.next_row());
  client->registration_access_token_digest = access_token.stored.digest;
  store::RegisterClient command{
      .client = *client,
      .initial_access = admitted->token,
      .most_quarantined = provider.config.registration_most_unverified,
  };
  auto outcome = co_await provider.store.register_client(
      std::move(command), {"client:" + client->client_id, request.client_address}, now);
  if (!outcome) {
    co_return json_failure(provider, request, kRoute, provider::to_oauth_error(outcome.error()));
  }
  switch (*outcome) {
    case store::RegisterOutcome::registered:
      break;
    case store::RegisterOutcome::token_refused:
      co_return bearer_failure(provider, request, kRoute, bad_initial_access(), true);
    case store::RegisterOutcome::full: {
      auto response = json_failure(
          provider, request, kRoute,
          {OAuthErrorCode::temporarily_unavailable,
           "No more unverified applications are taken at present; ask the operator for a token.",
           "registration: registration_most_unverified is reached"});
      response.set("Retry-After", "3600");
      co_return response;
    }
  }
  co_return client_information(provider, 201, *client, *secret, access_token.text);
}

runtime::Task<http::Response> get_registration(const Provider& provider, http::Request request) {
  auto managed = co_await find_managed(provider, request);
  if (!managed) co_return std::move(managed.error());
  co_return client_information(provider, 200, *managed->client, ClientSecret{},
                               managed->access_token);
}

runtime::Task<http::Response> put_registration(const Provider& provider, http::Request request) {
  auto managed = co_await find_managed(provider, request);
  if (!managed) co_return std::move(managed.error());
  if (managed->client->quarantined) {
    auto throttled = co_await provider::limit_source(provider, request, std::string(kClientRoute),
                                                     stranger_limit(provider));
    if (throttled) co_return std::move(*throttled);
  }
  auto metadata = read_body(request);
  if (!metadata) co_return update_failure(provider, request, metadata.error(), *managed->client);
  if (auto sound = check_own_values(provider, **metadata, *managed->client); !sound) {
    co_return update_failure(provider, request, sound.error(), *managed->client);
  }
  const auto client = co_await read_client(provider, **metadata);
  if (!client) co_return update_failure(provider, request, client.error(), *managed->client);
  for (int tries = 0; tries < kMostTries; ++tries) {
    // Again: it may have changed while a document was fetched, or since the last try.
    managed = co_await find_managed(provider, request);
    if (!managed) co_return std::move(managed.error());
    auto done = co_await replace(provider, request, *managed, **metadata, *client);
    if (done) co_return std::move(*done);
  }
  co_return update_failure(provider, request,
                           {OAuthErrorCode::temporarily_unavailable,
                            "The application was changed at the same time; try again.",
                            "registration: changed at each try"},
                           *managed->client);
}

runtime::Task<http::Response> delete_registration(const Provider& provider, http::Request request) {
  auto managed = co_await find_managed(provider, request);
  if (!managed) co_return std::move(managed.error());
  const auto client_id = managed->client->client_id;
  auto removed = co_await provider.store.remove_client(
      client_id, {"client:" + client_id, request.client_address}, provider.now());
  if (!removed) {
    co_return update_failure(provider, request, provider::to_oauth_error(removed.error()),
                             *managed->client);
  }
  if (!*removed) co_return gone(provider, request);
  provider.client_keys.forget(client_id);
  auto response = http::Response::empty(204);
  response.set("Cache-Control", "no-store");
  co_return response;
}

}  // namespace server::endpoint

// Clients, their redirect URIs, and the origins that follow from them.
#include "oidc/base/uri.h"
#include "server/store/sql/client_metadata_json.h"
#include "server/store/sql/state.h"

namespace server::store {

using oidc::model::Client;
using sql::Access;
using sql::Rows;
using sql::Transaction;
using ClientPointer = std::shared_ptr<const Client>;

namespace {

constexpr int kMostListed = 1'000;
constexpr char kClientColumns[] = "tttiii";  // of the SELECTs below

// The origin a page of this redirect URI has; empty when there is none to trust.
std::string origin_of(const std::string& redirect_uri) {
  const auto uri = oidc::Uri::parse(redirect_uri);
  if (!uri || !uri->has_authority || uri->host.empty()) return {};
  const std::string origin = uri->origin();
  if (origin.starts_with("https://")) return origin;
  if (origin.starts_with("http://") && oidc::is_loopback_host(uri->host)) return origin;
  return {};
}

Client read_client(const Rows& rows) {
  Client client;
  client.client_id = rows.text(0);
  if (!sql::read_metadata_json(rows.text(1), client)) {
    throw sql::SqlError(sql::SqlFault::failed, "the metadata of a client is damaged");
  }
  client.client_secret_digest = rows.text(2);
  client.first_party = rows.flag(3);
  client.pkce_required = rows.flag(4);
  client.created_at = rows.time(5);
  return client;
}

void load_redirect_uris(Transaction& tx, Client& client) {
  Rows rows = tx.query(
      "SELECT uri, expires_at FROM client_redirect_uris WHERE client_id = :client_id"
      " ORDER BY position",
      "ti", {{"client_id", client.client_id}});
  while (rows.next()) client.redirect_uris.push_back({rows.text(0), rows.maybe_time(1)});
}

ClientPointer load_client(Transaction& tx, const std::string& client_id, TimePoint now) {
  std::shared_ptr<Client> client;
  {
    Rows rows = tx.query(
        "SELECT client_id, metadata, client_secret_digest, first_party, pkce_required, created_at"
        " FROM clients WHERE client_id = :client_id AND removed_at IS NULL",
        kClientColumns, {{"client_id", client_id}});
    if (!rows.next()) return nullptr;
    client = std::make_shared<Client>(read_client(rows));
  }
  load_redirect_uris(tx, *client);
  std::erase_if(client->redirect_uris, [now](const oidc::model::RedirectUri& uri) {
    return uri.expires_at && *uri.expires_at <= now;
  });
  return client;
}

void insert_client_rows(Transaction& tx, const Client& client, TimePoint now) {
  tx.execute(
      "INSERT INTO clients (client_id, metadata, client_secret_digest, first_party, pkce_required,"
      " created_at, updated_at, removed_at)"
      " VALUES (:client_id, :metadata, :digest, :first_party, :pkce_required, :created_at, :now,"
      " NULL)",
      {{"client_id", client.client_id},
       {"metadata", sql::to_metadata_json(client)},
       {"digest", client.client_secret_digest},
       {"first_party", client.first_party},
       {"pkce_required", client.pkce_required || client.is_public()},
       {"created_at", client.created_at},
       {"now", now}});
  std::int64_t position = 0;
  for (const auto& redirect : client.redirect_uris) {
    tx.execute(
        "INSERT INTO client_redirect_uris (client_id, position, uri, expires_at)"
        " VALUES (:client_id, :position, :uri, :expires_at)",
        {{"client_id", client.client_id},
         {"position", position},
         {"uri", redirect.uri},
         {"expires_at", redirect.expires_at}});
    if (const std::string origin = origin_of(redirect.uri); !origin.empty()) {
      tx.execute(
          "INSERT INTO client_origins (origin, client_id, position)"
          " VALUES (:origin, :client_id, :position)",
          {{"origin", origin}, {"client_id", client.client_id}, {"position", position}});
    }
    ++position;
  }
}

}  // namespace

Task<StoreResult<void>> Store::insert_client(Client client, Actor actor, TimePoint now) {
  if (client.created_at == TimePoint{}) client.created_at = now;
  const std::string client_id = client.client_id;
  auto result = co_await sql::submit<void>(*state_, Access::write,
                                           [client = std::move(client), actor = std::move(actor),
                                            now](Transaction& tx) -> StoreResult<void> {
                                             insert_client_rows(tx, client, now);
                                             tx.audit("client.add", actor, client.client_id,
                                                      client.client_name, now);
                                             return {};
                                           });
  state_->clients.erase(client_id);
  co_return result;
}

Task<StoreResult<ClientPointer>> Store::find_client(std::string client_id, TimePoint now) {
  if (auto held = state_->clients.find(client_id)) co_return held;
  co_return co_await sql::submit<ClientPointer>(
      *state_, Access::read,
      [state = state_.get(), client_id = std::move(client_id),
       now](Transaction& tx) -> StoreResult<ClientPointer> {
        ClientPointer client = load_client(tx, client_id, now);
        if (client) state->clients.put(client_id, client);
        return client;
      });
}

Task<StoreResult<std::vector<Client>>> Store::list_clients(std::string after, int limit) {
  co_return co_await sql::submit<std::vector<Client>>(
      *state_, Access::read,
      [after = std::move(after), limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<Client>> {
        std::vector<Client> clients;
        {
          Rows rows = tx.query(
              "SELECT client_id, metadata, client_secret_digest, first_party, pkce_required,"
              " created_at FROM clients WHERE client_id > :after AND removed_at IS NULL"
              " ORDER BY client_id LIMIT :most",
              kClientColumns, {{"after", after}, {"most", limit}});
          while (rows.next()) clients.push_back(read_client(rows));
        }
        for (auto& client : clients) load_redirect_uris(tx, client);
        return clients;
      });
}

Task<StoreResult<bool>> Store::remove_client(std::string client_id, Actor actor, TimePoint now) {
  auto result = co_await sql::submit<bool>(
      *state_, Access::write,
      [client_id, actor = std::move(actor), now](Transaction& tx) -> StoreResult<bool> {
        // Grants of a removed client are dead by that alone: see live_grant.h.
        const auto removed = tx.execute(
            "UPDATE clients SET removed_at = :now, updated_at = :now"
            " WHERE client_id = :client_id AND removed_at IS NULL",
            {{"now", now}, {"client_id", client_id}});
        if (removed != 1) return false;
        tx.audit("client.remove", actor, client_id, "", now);
        return true;
      });
  state_->clients.erase(client_id);
  co_return result;
}

Task<StoreResult<bool>> Store::has_client_origin(std::string origin, TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::read,
      [origin = std::move(origin), now](Transaction& tx) -> StoreResult<bool> {
        Rows rows = tx.query(
            "SELECT o.position FROM client_origins o"
            " JOIN clients c ON c.client_id = o.client_id AND c.removed_at IS NULL"
            " JOIN client_redirect_uris r ON r.client_id = o.client_id AND r.position = o.position"
            " WHERE o.origin = :origin AND (r.expires_at IS NULL OR r.expires_at > :now) LIMIT 1",
            "i", {{"origin", origin}, {"now", now}});
        return rows.next();
      });
}

}  // namespace server::store

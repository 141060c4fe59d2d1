#include "server/store/sql/client_rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "oidc/base/uri.h"
#include "oidc/metadata/client_metadata.h"
#include "server/store/sql/branding_rows.h"

namespace server::store::sql {

using oidc::model::Client;

namespace {

// The origin a page of this redirect URI has; empty when there is none to trust.
std::string origin_of(const std::string& redirect_uri) {
  const auto uri = oidc::Uri::parse(redirect_uri);
  if (!uri || !uri->has_authority || uri->host.empty()) return {};
  std::string origin = uri->origin();
  if (origin.starts_with("https://")) return origin;
  if (origin.starts_with("http://") && oidc::is_loopback_host(uri->host)) return origin;
  return {};
}

// What has a column or table of its own is left out, so that it is written in one place.
std::string metadata_of(const Client& client) {
  auto metadata = oidc::metadata::to_json(client);
  for (const char* name : {"client_id", "redirect_uris"}) metadata.erase(name);
  return metadata.dump();
}

void insert_redirect_uris(Transaction& tx, const Client& client) {
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

void delete_redirect_uris(Transaction& tx, const std::string& client_id) {
  tx.execute("DELETE FROM client_origins WHERE client_id = :client_id", {{"client_id", client_id}});
  tx.execute("DELETE FROM client_redirect_uris WHERE client_id = :client_id",
             {{"client_id", client_id}});
}

}  // namespace

Client read_client(const Rows& rows) {
  Client client;
  client.client_id = rows.text(0);
  if (!oidc::metadata::read_stored_metadata(rows.text(1), client)) {
    throw SqlError(SqlFault::failed, "the metadata of a client is damaged");
  }
  client.client_secret_digest = rows.text(2);
  client.client_secret_sealed = rows.text(3);
  client.first_party = rows.flag(4);
  client.pkce_required = rows.flag(5);
  client.quarantined = rows.flag(6);
  client.registration_access_token_digest = rows.text(7);
  client.created_at = rows.time(8);
  client.login_method = rows.text(9);
  if (const auto self_signup = rows.maybe_number(10)) client.self_signup = *self_signup != 0;
  client.required_acr = rows.text(11);
  client.updated_at = rows.time(12);
  return client;
}

namespace {

// Later than before, whatever the clock says: what was read is told from what is there by it.
#define LATCHKEY_LATER \
  " updated_at = CASE WHEN updated_at >= :now THEN updated_at + 1 ELSE :now END"

bool is_there(Transaction& tx, const std::string& client_id) {
  Rows rows =
      tx.query("SELECT client_id FROM clients WHERE client_id = :client_id AND removed_at IS NULL",
               "t", {{"client_id", client_id}});
  return rows.next();
}

std::optional<std::int64_t> to_column(std::optional<bool> flag) {
  if (!flag) return std::nullopt;
  return *flag ? 1 : 0;
}

}  // namespace

void insert_client_rows(Transaction& tx, const Client& client, TimePoint now) {
  tx.execute(
      "INSERT INTO clients (client_id, metadata, client_secret_digest, client_secret_sealed,"
      " backchannel_logout_uri, first_party, pkce_required, quarantined,"
      " registration_access_token_digest, created_at, updated_at, last_used_at, removed_at,"
      " login_method, self_signup, required_acr)"
      " VALUES (:client_id, :metadata, :digest, :sealed, :backchannel, :first_party,"
      " :pkce_required, :quarantined, :registration, :created_at, :now, NULL, NULL,"
      " :login_method, :self_signup, :required_acr)",
      {{"client_id", client.client_id},
       {"metadata", metadata_of(client)},
       {"digest", client.client_secret_digest},
       {"sealed", client.client_secret_sealed},
       {"backchannel", client.backchannel_logout_uri},
       {"first_party", client.first_party},
       {"pkce_required", client.pkce_required || client.is_public()},
       {"quarantined", client.quarantined},
       {"registration", client.registration_access_token_digest},
       {"created_at", client.created_at},
       {"now", now},
       {"login_method", client.login_method},
       {"self_signup", to_column(client.self_signup)},
       {"required_acr", client.required_acr}});
  insert_redirect_uris(tx, client);
}

bool write_sign_in_rules(Transaction& tx, const Client& client, TimePoint now) {
  return tx.execute(
             "UPDATE clients SET login_method = :login_method, self_signup = :self_signup,"
             " required_acr = :required_acr," LATCHKEY_LATER
             " WHERE client_id = :client_id AND removed_at IS NULL",
             {{"login_method", client.login_method},
              {"self_signup", to_column(client.self_signup)},
              {"required_acr", client.required_acr},
              {"now", now},
              {"client_id", client.client_id}}) == 1;
}

UpdateOutcome replace_client_rows(Transaction& tx, const Client& client, TimePoint now) {
  // The row of the client first: of two updates that read the same, one finds it changed.
  const auto known = tx.execute(
      "UPDATE clients SET metadata = :metadata, client_secret_digest = :digest,"
      " client_secret_sealed = :sealed,"
      " backchannel_logout_uri = :backchannel, registration_access_token_digest = :registration,"
      " pkce_required = CASE WHEN :is_public = 1 THEN 1 ELSE pkce_required END," LATCHKEY_LATER
      " WHERE client_id = :client_id AND removed_at IS NULL AND updated_at = :as_read",
      {{"metadata", metadata_of(client)},
       {"digest", client.client_secret_digest},
       {"sealed", client.client_secret_sealed},
       {"backchannel", client.backchannel_logout_uri},
       {"registration", client.registration_access_token_digest},
       {"is_public", client.is_public()},
       {"now", now},
       {"client_id", client.client_id},
       {"as_read", client.updated_at}});
  if (known != 1) {
    return is_there(tx, client.client_id) ? UpdateOutcome::changed : UpdateOutcome::no_such_client;
  }
  delete_redirect_uris(tx, client.client_id);
  insert_redirect_uris(tx, client);
  return UpdateOutcome::updated;
}

VerifyOutcome verify_client_row(Transaction& tx, const std::string& client_id, TimePoint now) {
  const auto verified =
      tx.execute("UPDATE clients SET quarantined = 0," LATCHKEY_LATER
                 " WHERE client_id = :client_id AND removed_at IS NULL AND quarantined = 1",
                 {{"now", now}, {"client_id", client_id}});
  if (verified == 1) return VerifyOutcome::verified;
  return is_there(tx, client_id) ? VerifyOutcome::was_verified : VerifyOutcome::no_such_client;
}

bool count_unverified(Transaction& tx, std::int64_t most) {
  return tx.execute(
             "UPDATE meta SET value = value + 1"
             " WHERE name = 'quarantined_clients' AND value < :most",
             {{"most", most}}) == 1;
}

void discount_unverified(Transaction& tx, std::int64_t removed) {
  if (removed == 0) return;
  tx.execute("UPDATE meta SET value = value - :removed WHERE name = 'quarantined_clients'",
             {{"removed", removed}});
}

bool forget_unverified(Transaction& tx, const std::string& client_id) {
  const auto forgotten = tx.execute(
      "UPDATE clients SET metadata = '{}', client_secret_sealed = ''"
      " WHERE client_id = :client_id AND quarantined = 1 AND removed_at IS NOT NULL",
      {{"client_id", client_id}});
  if (forgotten != 1) return false;
  delete_redirect_uris(tx, client_id);
  return true;
}

std::vector<std::string> remove_unverified(Transaction& tx, TimePoint unused_since,
                                           std::int64_t most, TimePoint now) {
  std::vector<std::string> unused;
  {
    Rows rows = tx.query(
        "SELECT client_id FROM clients WHERE quarantined = 1 AND removed_at IS NULL"
        " AND COALESCE(last_used_at, created_at) <= :cut"
        " ORDER BY COALESCE(last_used_at, created_at) LIMIT :most",
        "t", {{"cut", unused_since}, {"most", most}});
    while (rows.next()) unused.push_back(rows.text(0));
  }
  std::ranges::sort(unused);  // two nodes lock rows in one order
  // One that is used at this very moment stays.
  std::erase_if(unused, [&tx, unused_since, now](const std::string& client_id) {
    return tx.execute(
               "UPDATE clients SET removed_at = :now, updated_at = :now"
               " WHERE client_id = :client_id AND removed_at IS NULL AND quarantined = 1"
               " AND COALESCE(last_used_at, created_at) <= :cut",
               {{"now", now}, {"client_id", client_id}, {"cut", unused_since}}) != 1;
  });
  for (const auto& client_id : unused) {
    forget_unverified(tx, client_id);
    delete_branding(tx, client_id);
    tx.audit("client.remove", {"server", ""}, client_id, "unverified and unused", now);
  }
  discount_unverified(tx, static_cast<std::int64_t>(unused.size()));
  return unused;
}

}  // namespace server::store::sql

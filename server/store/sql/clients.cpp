// Clients, their redirect URIs, and the origins that follow from them.
#include "server/store/sql/branding_rows.h"
#include "server/store/sql/client_rows.h"
#include "server/store/sql/state.h"

namespace server::store {

using oidc::model::Client;
using sql::Access;
using sql::Rows;
using sql::Transaction;
using ClientPointer = std::shared_ptr<const Client>;

namespace {

constexpr int kMostListed = 1'000;
constexpr std::chrono::hours kBetweenNotes{1};

// One statement, so that an update at the same time is seen wholly or not at all. The metadata
// comes with the first redirect URI only.
ClientPointer load_client(Transaction& tx, const std::string& client_id, TimePoint now) {
  constexpr std::size_t kUri = sizeof("tt" LATCHKEY_CLIENT_TYPES) - 1;
  Rows rows = tx.query(
      "SELECT c.client_id, CASE WHEN COALESCE(r.position, 0) = 0 THEN c.metadata ELSE ''"
      " END," LATCHKEY_CLIENT_COLUMNS
      ", r.uri, r.expires_at FROM clients c"
      " LEFT JOIN client_redirect_uris r ON r.client_id = c.client_id"
      " WHERE c.client_id = :client_id AND c.removed_at IS NULL ORDER BY r.position",
      "tt" LATCHKEY_CLIENT_TYPES "ti", {{"client_id", client_id}});
  if (!rows.next()) return nullptr;
  auto client = std::make_shared<Client>(sql::read_client(rows));
  do {
    if (rows.is_null(kUri)) break;
    const auto expires_at = rows.maybe_time(kUri + 1);
    if (expires_at && *expires_at <= now) continue;
    client->redirect_uris.push_back({rows.text(kUri), expires_at});
  } while (rows.next());
  return client;
}

void load_redirect_uris(Transaction& tx, Client& client) {
  Rows rows = tx.query(
      "SELECT uri, expires_at FROM client_redirect_uris WHERE client_id = :client_id"
      " ORDER BY position",
      "ti", {{"client_id", client.client_id}});
  while (rows.next()) client.redirect_uris.push_back({rows.text(0), rows.maybe_time(1)});
}

bool use_initial_access(Transaction& tx, const OpaqueCredential& token, TimePoint now) {
  return tx.execute(
             "UPDATE initial_access_tokens SET uses_left = uses_left - 1, last_used_at = :now"
             " WHERE id = :id AND digest = :digest AND uses_left > 0 AND revoked_at IS NULL"
             " AND expires_at > :now",
             {{"now", now}, {"id", token.row}, {"digest", token.digest}}) == 1;
}

}  // namespace

Task<StoreResult<void>> Store::insert_client(Client client, Actor actor, TimePoint now) {
  if (client.created_at == TimePoint{}) client.created_at = now;
  const std::string client_id = client.client_id;
  auto result = co_await sql::submit<void>(
      *state_, Access::write,
      [client = std::move(client), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<void> {
        sql::insert_client_rows(tx, client, now);
        if (client.quarantined) {
          sql::count_unverified(tx, std::numeric_limits<std::int64_t>::max());
        }
        tx.audit("client.add", actor, client.client_id, client.client_name, now);
        return {};
      });
  state_->clients.erase(client_id);
  co_return result;
}

Task<StoreResult<ClientPointer>> Store::find_client(std::string client_id, TimePoint now) {
  if (auto held = state_->clients.find(client_id)) co_return std::move(*held);
  co_return co_await sql::submit<ClientPointer>(
      *state_, Access::read,
      [state = state_.get(), client_id = std::move(client_id),
       now](Transaction& tx) -> StoreResult<ClientPointer> {
        const auto generation = state->clients.generation();
        ClientPointer client = load_client(tx, client_id, now);
        if (client) state->clients.put(client_id, client, generation);
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
          Rows rows = tx.query("SELECT c.client_id, c.metadata," LATCHKEY_CLIENT_COLUMNS
                               " FROM clients c WHERE c.client_id > :after"
                               " AND c.removed_at IS NULL ORDER BY c.client_id LIMIT :most",
                               "tt" LATCHKEY_CLIENT_TYPES, {{"after", after}, {"most", limit}});
          while (rows.next()) clients.push_back(sql::read_client(rows));
        }
        for (auto& client : clients) load_redirect_uris(tx, client);
        return clients;
      });
}

Task<StoreResult<RegisterOutcome>> Store::register_client(RegisterClient command, Actor actor,
                                                          TimePoint now) {
  command.client.created_at = now;
  // What only the operator decides, whatever a stranger wrote.
  command.client.first_party = false;
  command.client.login_method.clear();
  command.client.self_signup.reset();
  command.client.required_acr.clear();
  const std::string client_id = command.client.client_id;
  auto result = co_await sql::submit<RegisterOutcome>(
      *state_, Access::write,
      [command = std::move(command), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<RegisterOutcome> {
        const auto& client = command.client;
        if (command.initial_access && !use_initial_access(tx, *command.initial_access, now)) {
          return RegisterOutcome::token_refused;
        }
        if (client.quarantined && !sql::count_unverified(tx, command.most_quarantined)) {
          tx.discard();
          return RegisterOutcome::full;
        }
        sql::insert_client_rows(tx, client, now);
        tx.audit("client.register", actor, client.client_id,
                 command.initial_access
                     ? "initial access token " + std::to_string(command.initial_access->row)
                     : std::string(),
                 now);
        return RegisterOutcome::registered;
      });
  state_->clients.erase(client_id);
  co_return result;
}

Task<StoreResult<UpdateOutcome>> Store::update_client(Client client, Actor actor, TimePoint now) {
  const std::string client_id = client.client_id;
  auto result = co_await sql::submit<UpdateOutcome>(
      *state_, Access::write,
      [client = std::move(client), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<UpdateOutcome> {
        const auto outcome = sql::replace_client_rows(tx, client, now);
        if (outcome == UpdateOutcome::updated) {
          tx.audit("client.update", actor, client.client_id, client.client_name, now);
        }
        return outcome;
      });
  state_->clients.erase(client_id);
  co_return result;
}

Task<StoreResult<VerifyOutcome>> Store::verify_client(std::string client_id, Actor actor,
                                                      TimePoint now) {
  auto result = co_await sql::submit<VerifyOutcome>(
      *state_, Access::write,
      [client_id, actor = std::move(actor), now](Transaction& tx) -> StoreResult<VerifyOutcome> {
        const auto outcome = sql::verify_client_row(tx, client_id, now);
        if (outcome == VerifyOutcome::verified) {
          tx.audit("client.verify", actor, client_id, "", now);
          sql::discount_unverified(tx, 1);
        }
        return outcome;
      });
  state_->clients.erase(client_id);
  co_return result;
}

Task<StoreResult<bool>> Store::set_sign_in_rules(Client client, Actor actor, TimePoint now) {
  const std::string client_id = client.client_id;
  auto result = co_await sql::submit<bool>(*state_, Access::write,
                                           [client = std::move(client), actor = std::move(actor),
                                            now](Transaction& tx) -> StoreResult<bool> {
                                             if (!sql::write_sign_in_rules(tx, client, now))
                                               return false;
                                             tx.audit("client.sign_in_rules", actor,
                                                      client.client_id, client.login_method, now);
                                             return true;
                                           });
  state_->clients.erase(client_id);
  co_return result;
}

Task<StoreResult<void>> Store::note_client_use(std::string client_id, TimePoint now) {
  // Read first: nearly always there is nothing to write.
  const auto due = co_await sql::submit<bool>(
      *state_, Access::read, [client_id, now](Transaction& tx) -> StoreResult<bool> {
        Rows rows = tx.query(
            "SELECT last_used_at FROM clients WHERE client_id = :client_id AND removed_at IS NULL",
            "i", {{"client_id", client_id}});
        if (!rows.next()) return false;
        const auto last = rows.maybe_time(0);
        return !last || *last <= now - kBetweenNotes;
      });
  if (!due) co_return std::unexpected(due.error());
  if (!*due) co_return StoreResult<void>();
  co_return co_await sql::submit<void>(
      *state_, Access::write,
      [client_id = std::move(client_id), now](Transaction& tx) -> StoreResult<void> {
        tx.execute(
            "UPDATE clients SET last_used_at = :now WHERE client_id = :client_id"
            " AND removed_at IS NULL AND (last_used_at IS NULL OR last_used_at <= :cut)",
            {{"now", now}, {"client_id", client_id}, {"cut", now - kBetweenNotes}});
        return {};
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
        sql::delete_branding(tx, client_id);
        tx.audit("client.remove", actor, client_id, "", now);
        if (sql::forget_unverified(tx, client_id)) sql::discount_unverified(tx, 1);
        return true;
      });
  state_->clients.erase(client_id);
  state_->brandings.erase(client_id);
  co_return result;
}

Task<StoreResult<bool>> Store::has_client_origin(std::string origin, TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::read,
      [origin = std::move(origin), now](Transaction& tx) -> StoreResult<bool> {
        Rows rows = tx.query(
            "SELECT o.position FROM client_origins o"
            " JOIN clients c ON c.client_id = o.client_id AND c.removed_at IS NULL"
            " AND c.quarantined = 0"
            " JOIN client_redirect_uris r ON r.client_id = o.client_id AND r.position = o.position"
            " WHERE o.origin = :origin AND (r.expires_at IS NULL OR r.expires_at > :now) LIMIT 1",
            "i", {{"origin", origin}, {"now", now}});
        return rows.next();
      });
}

}  // namespace server::store

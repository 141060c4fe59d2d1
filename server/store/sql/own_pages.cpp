// What a person sees of their own: sessions, the applications they allowed, history.
#include <algorithm>

#include "oidc/metadata/client_metadata.h"
#include "server/store/sql/endings.h"
#include "server/store/sql/history_rows.h"
#include "server/store/sql/session_rows.h"
#include "server/store/sql/state.h"

namespace server::store {

using oidc::model::Session;
using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

constexpr int kMostListed = 1'000;

std::vector<Session> read_own_sessions(Transaction& tx, const std::string& user_id,
                                       TimePoint seen_since, TimePoint now) {
  Rows rows = tx.query(
      "SELECT" LATCHKEY_SESSION_COLUMNS
      " FROM sessions s WHERE s.user_id = :user_id AND s.ended_at IS NULL AND s.expires_at > :now"
      " AND s.last_seen_at > :seen_since ORDER BY s.auth_time DESC, s.id DESC LIMIT :most",
      LATCHKEY_SESSION_TYPES,
      {{"user_id", user_id}, {"now", now}, {"seen_since", seen_since}, {"most", kMostListed}});
  std::vector<Session> sessions;
  while (rows.next()) sessions.push_back(sql::read_session(rows));
  return sessions;
}

// A grant that is issued at this moment holds its session: this waits for it, and then sees it.
void hold_sessions(Transaction& tx, const std::string& user_id) {
  tx.execute(
      "UPDATE sessions SET last_seen_at = last_seen_at WHERE user_id = :user_id"
      " AND ended_at IS NULL",
      {{"user_id", user_id}});
}

}  // namespace

namespace sql {

void insert_history(Transaction& tx, const std::string& user_id, const HistoryRow& row) {
  tx.execute(
      "INSERT INTO user_history (id, user_id, occurred_at, what, method, address, browser,"
      " client_id) VALUES (:id, :user_id, :at, :what, :method, :address, :browser, :client_id)",
      {{"id", tx.next_row()},
       {"user_id", user_id},
       {"at", row.at},
       {"what", row.what},
       {"method", row.method},
       {"address", row.address},
       {"browser", row.browser},
       {"client_id", row.client_id}});
}

}  // namespace sql

Task<StoreResult<std::vector<Session>>> Store::list_sessions(
    std::string user_id, TimePoint now, std::optional<std::chrono::milliseconds> idle) {
  co_return co_await sql::submit<std::vector<Session>>(
      *state_, Access::read,
      [user_id = std::move(user_id), seen_since = idle ? now - *idle : TimePoint{},
       now](Transaction& tx) -> StoreResult<std::vector<Session>> {
        return read_own_sessions(tx, user_id, seen_since, now);
      });
}

Task<StoreResult<bool>> Store::end_session(std::string user_id, std::int64_t session_id,
                                           Actor actor, TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [user_id = std::move(user_id), session_id, actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        const std::int64_t ending = tx.next_row();
        const auto ended = tx.execute(
            "UPDATE sessions SET ended_at = :now, ending = :ending"
            " WHERE id = :id AND user_id = :user_id AND ended_at IS NULL",
            {{"now", now}, {"ending", ending}, {"id", session_id}, {"user_id", user_id}});
        if (ended != 1) return false;
        tx.audit("session.end", actor, user_id, "1 sessions", now);
        sql::queue_logout_deliveries(tx, ending, now);
        return true;
      });
}

Task<StoreResult<std::vector<AllowedApplication>>> Store::list_allowed(std::string user_id) {
  co_return co_await sql::submit<std::vector<AllowedApplication>>(
      *state_, Access::read,
      [user_id =
           std::move(user_id)](Transaction& tx) -> StoreResult<std::vector<AllowedApplication>> {
        std::vector<AllowedApplication> allowed;
        Rows rows = tx.query(
            "SELECT c.client_id, c.metadata, k.scope, k.created_at, k.updated_at,"
            " (SELECT MAX(g.created_at) FROM grants g WHERE g.user_id = k.user_id"
            " AND g.client_id = k.client_id)"
            " FROM consents k JOIN clients c ON c.client_id = k.client_id AND c.removed_at IS NULL"
            " WHERE k.user_id = :user_id ORDER BY k.updated_at DESC, c.client_id LIMIT :most",
            "tttiii", {{"user_id", user_id}, {"most", kMostListed}});
        while (rows.next()) {
          oidc::model::Client client;
          client.client_id = rows.text(0);
          if (!oidc::metadata::read_stored_metadata(rows.text(1), client)) {
            throw sql::SqlError(sql::SqlFault::failed, "the metadata of a client is damaged");
          }
          const auto written = rows.time(4);
          allowed.push_back({client.client_id, client.display_name(), rows.text(2), rows.time(3),
                             std::max(written, rows.maybe_time(5).value_or(written))});
        }
        return allowed;
      });
}

Task<StoreResult<bool>> Store::revoke_allowed(std::string user_id, std::string client_id,
                                              Actor actor, TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [user_id = std::move(user_id), client_id = std::move(client_id), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        hold_sessions(tx, user_id);
        const auto forgotten =
            tx.execute("DELETE FROM consents WHERE user_id = :user_id AND client_id = :client_id",
                       {{"user_id", user_id}, {"client_id", client_id}});
        const auto revoked = tx.execute(
            "UPDATE grants SET revoked_at = :now WHERE user_id = :user_id"
            " AND client_id = :client_id AND revoked_at IS NULL",
            {{"now", now}, {"user_id", user_id}, {"client_id", client_id}});
        if (forgotten + revoked == 0) return false;
        tx.audit("consent.revoke", actor, user_id, client_id, now);
        return true;
      });
}

Task<StoreResult<std::vector<HistoryRow>>> Store::list_history(std::string user_id, int limit) {
  co_return co_await sql::submit<std::vector<HistoryRow>>(
      *state_, Access::read,
      [user_id = std::move(user_id), limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<HistoryRow>> {
        std::vector<HistoryRow> history;
        Rows rows = tx.query(
            "SELECT occurred_at, what, method, address, browser, client_id FROM user_history"
            " WHERE user_id = :user_id ORDER BY id DESC LIMIT :most",
            "ittttt", {{"user_id", user_id}, {"most", limit}});
        while (rows.next()) {
          history.push_back(
              {rows.time(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5)});
        }
        return history;
      });
}

}  // namespace server::store

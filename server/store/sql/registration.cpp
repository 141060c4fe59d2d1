// Initial access tokens (RFC 7591 §3). They are used up where clients register: see clients.cpp.
#include "server/store/sql/state.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {
constexpr int kMostListed = 1'000;
}  // namespace

Task<StoreResult<void>> Store::insert_initial_access(InitialAccessToken token, Actor actor,
                                                     TimePoint now) {
  co_return co_await sql::submit<void>(
      *state_, Access::write,
      [token = std::move(token), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<void> {
        tx.execute(
            "INSERT INTO initial_access_tokens (id, digest, label, uses_left, uses_total,"
            " created_at, expires_at, last_used_at, revoked_at)"
            " VALUES (:id, :digest, :label, :uses_left, :uses_total, :created_at, :expires_at,"
            " NULL, NULL)",
            {{"id", token.stored.row},
             {"digest", token.stored.digest},
             {"label", token.label},
             {"uses_left", token.uses_left},
             {"uses_total", token.uses_total},
             {"created_at", token.created_at == TimePoint{} ? now : token.created_at},
             {"expires_at", token.expires_at}});
        tx.audit("initial_access.add", actor, std::to_string(token.stored.row),
                 std::to_string(token.uses_total) + " uses", now);
        return {};
      });
}

Task<StoreResult<std::vector<InitialAccessToken>>> Store::list_initial_access(std::int64_t after,
                                                                              int limit) {
  co_return co_await sql::submit<std::vector<InitialAccessToken>>(
      *state_, Access::read,
      [after, limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<InitialAccessToken>> {
        std::vector<InitialAccessToken> tokens;
        Rows rows = tx.query(
            "SELECT id, digest, label, uses_left, uses_total, created_at, expires_at, revoked_at"
            " FROM initial_access_tokens WHERE id > :after ORDER BY id LIMIT :most",
            "ittiiiii", {{"after", after}, {"most", limit}});
        while (rows.next()) {
          InitialAccessToken token;
          token.stored.row = rows.number(0);
          token.stored.digest = rows.text(1);
          token.label = rows.text(2);
          token.uses_left = rows.number(3);
          token.uses_total = rows.number(4);
          token.created_at = rows.time(5);
          token.expires_at = rows.time(6);
          token.revoked_at = rows.maybe_time(7);
          tokens.push_back(std::move(token));
        }
        return tokens;
      });
}

Task<StoreResult<bool>> Store::revoke_initial_access(std::int64_t row, Actor actor, TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [row, actor = std::move(actor), now](Transaction& tx) -> StoreResult<bool> {
        const auto revoked = tx.execute(
            "UPDATE initial_access_tokens SET revoked_at = :now"
            " WHERE id = :id AND revoked_at IS NULL",
            {{"now", now}, {"id", row}});
        if (revoked == 1) {
          tx.audit("initial_access.revoke", actor, std::to_string(row), "", now);
          return true;
        }
        // Known, and revoked before.
        Rows rows =
            tx.query("SELECT id FROM initial_access_tokens WHERE id = :id", "i", {{"id", row}});
        return rows.next();
      });
}

}  // namespace server::store

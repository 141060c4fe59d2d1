// Removes what has expired, in small batches. How long rows stay is in schema/README.md.
#include <array>

#include "server/store/sql/client_rows.h"
#include "server/store/sql/keys.h"
#include "server/store/sql/state.h"
#include "server/store/sql/successor.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Sql;
using sql::Transaction;

namespace {

using std::chrono::days;
using std::chrono::milliseconds;

constexpr int kMostBatch = 10'000;
// Rows looked at for each row that may be removed.
constexpr int kSlice = 8;

// Rows that stand in order of their end, or have an index on it: the oldest are taken.
struct Kind {
  milliseconds kept;
  Sql remove;
};
constexpr std::array<Kind, 15> kKinds = {{
    {days(1),
     "DELETE FROM authorization_codes WHERE id IN (SELECT id FROM (SELECT id, expires_at"
     " FROM authorization_codes ORDER BY id LIMIT :most) AS oldest WHERE expires_at <= :cut)"},
    {days(1),
     "DELETE FROM pushed_requests WHERE id IN (SELECT id FROM (SELECT id, expires_at"
     " FROM pushed_requests ORDER BY id LIMIT :most) AS oldest WHERE expires_at <= :cut)"},
    {milliseconds(0),
     "DELETE FROM client_assertions WHERE digest IN (SELECT digest FROM client_assertions"
     " WHERE expires_at <= :cut ORDER BY expires_at LIMIT :most)"},
    // Those in the queue have no end.
    {days(30),
     "DELETE FROM logout_deliveries WHERE id IN (SELECT id FROM logout_deliveries"
     " WHERE finished_at <= :cut ORDER BY finished_at LIMIT :most)"},
    // Few: an operator makes each.
    {days(90),
     "DELETE FROM initial_access_tokens WHERE id IN (SELECT id FROM initial_access_tokens"
     " WHERE expires_at <= :cut OR revoked_at <= :cut OR (uses_left = 0 AND last_used_at <= :cut)"
     " ORDER BY id LIMIT :most)"},
    {milliseconds(0),
     "DELETE FROM revoked_tokens WHERE jti IN (SELECT jti FROM revoked_tokens"
     " WHERE expires_at <= :cut ORDER BY expires_at LIMIT :most)"},
    {milliseconds(0),
     "DELETE FROM throttle WHERE bucket IN (SELECT bucket FROM throttle"
     " WHERE window_ends_at <= :cut ORDER BY window_ends_at LIMIT :most)"},
    {days(1),
     "DELETE FROM email_challenges WHERE id IN (SELECT id FROM (SELECT id, expires_at"
     " FROM email_challenges ORDER BY id LIMIT :most) AS oldest WHERE expires_at <= :cut)"},
    {days(30),
     "DELETE FROM mail WHERE id IN (SELECT id FROM mail WHERE finished_at IS NOT NULL"
     " AND state <> 'decoy' AND finished_at <= :cut ORDER BY finished_at LIMIT :most)"},
    {days(1),
     "DELETE FROM mail WHERE id IN (SELECT id FROM mail"
     " WHERE state = 'decoy' AND finished_at <= :cut ORDER BY finished_at LIMIT :most)"},
    {days(400),
     "DELETE FROM user_history WHERE id IN (SELECT id FROM (SELECT id, occurred_at"
     " FROM user_history ORDER BY id LIMIT :most) AS oldest WHERE occurred_at <= :cut)"},
    {days(90),
     "DELETE FROM refused_sign_ins WHERE id IN (SELECT id FROM refused_sign_ins"
     " WHERE decoy = 0 AND day <= :cut ORDER BY day LIMIT :most)"},
    {days(1),
     "DELETE FROM refused_sign_ins WHERE id IN (SELECT id FROM refused_sign_ins"
     " WHERE decoy = 1 AND day <= :cut ORDER BY day LIMIT :most)"},
    {days(14),
     "DELETE FROM failures WHERE id IN (SELECT id FROM failures"
     " WHERE occurred_at <= :cut ORDER BY occurred_at LIMIT :most)"},
    {days(400),
     "DELETE FROM audit WHERE id IN (SELECT id FROM (SELECT id, occurred_at"
     " FROM audit ORDER BY id LIMIT :most) AS oldest WHERE occurred_at <= :cut)"},
}};

// Rows of very different lives: the table is walked by its key, a slice at a time.
struct Walk {
  const char* name;
  milliseconds kept;
  Sql last_of_slice;
  Sql remove;
};
constexpr std::array<Walk, 5> kWalks = {{
    {"refresh_tokens", days(1),
     "SELECT COUNT(*), MAX(id) FROM (SELECT id FROM refresh_tokens WHERE id > :after ORDER BY id"
     " LIMIT :most) AS slice",
     "DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM refresh_tokens WHERE id > :after"
     " AND id <= :last AND (absolute_expires_at <= :cut OR (used_at IS NULL AND expires_at <= "
     ":cut))"
     " ORDER BY id LIMIT :most)"},
    {"grants", days(1),
     "SELECT COUNT(*), MAX(id) FROM (SELECT id FROM grants WHERE id > :after ORDER BY id"
     " LIMIT :most) AS slice",
     "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE id > :after AND id <= :last"
     " AND (expires_at <= :cut OR revoked_at <= :cut) ORDER BY id LIMIT :most)"},
    {"session_clients", days(7),
     "SELECT COUNT(*), MAX(id) FROM (SELECT id FROM sessions WHERE id > :after ORDER BY id"
     " LIMIT :most) AS slice",
     "DELETE FROM session_clients WHERE session_id IN (SELECT id FROM sessions WHERE id > :after"
     " AND id <= :last AND (expires_at <= :cut OR ended_at <= :cut) ORDER BY id LIMIT :most)"},
    {"sessions", days(7),
     "SELECT COUNT(*), MAX(id) FROM (SELECT id FROM sessions WHERE id > :after ORDER BY id"
     " LIMIT :most) AS slice",
     "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE id > :after AND id <= :last"
     " AND (expires_at <= :cut OR ended_at <= :cut) AND NOT EXISTS"
     " (SELECT 1 FROM session_clients k WHERE k.session_id = sessions.id)"
     " ORDER BY id LIMIT :most)"},
    {"browsers", days(7),
     "SELECT COUNT(*), MAX(id) FROM (SELECT id FROM browsers WHERE id > :after ORDER BY id"
     " LIMIT :most) AS slice",
     "DELETE FROM browsers WHERE id IN (SELECT id FROM browsers WHERE id > :after AND id <= :last"
     " AND (expires_at <= :cut OR ended_at <= :cut) AND NOT EXISTS"
     " (SELECT 1 FROM sessions s WHERE s.browser_id = browsers.id) ORDER BY id LIMIT :most)"},
}};

struct Step {
  std::int64_t removed = 0;
  std::int64_t after = 0;  // where the next step of this walk begins
};

Step walk(Transaction& tx, const Walk& table, std::int64_t after, std::int64_t batch,
          TimePoint now) {
  std::int64_t count = 0;
  std::int64_t last = 0;
  {
    Rows rows = tx.query(table.last_of_slice, "ii", {{"after", after}, {"most", batch * kSlice}});
    if (rows.next()) {
      count = rows.number(0);
      last = rows.maybe_number(1).value_or(0);
    }
  }
  if (count == 0) return {};
  const auto removed = tx.execute(
      table.remove, {{"after", after}, {"last", last}, {"cut", now - table.kept}, {"most", batch}});
  if (removed >= batch) return {removed, after};
  return {removed, count < batch * kSlice ? 0 : last};
}

}  // namespace

Task<StoreResult<std::int64_t>> Store::remove_expired(TimePoint now, int batch,
                                                      milliseconds unverified_kept) {
  const std::int64_t most = std::clamp(batch, 1, kMostBatch);
  std::int64_t total = 0;
  const auto erased = co_await sql::submit<void>(
      *state_, Access::write, [now, most](Transaction& tx) -> StoreResult<void> {
        tx.execute(
            "UPDATE refresh_tokens SET successor_sealed = NULL WHERE id IN (SELECT id"
            " FROM refresh_tokens WHERE successor_sealed IS NOT NULL AND used_at <= :cut"
            " ORDER BY used_at LIMIT :most)",
            {{"cut", now - sql::kSuccessorGrace}, {"most", most}});
        // Mail that nobody took in time, because none is sent at all.
        tx.execute(
            "UPDATE mail SET state = 'expired', sealed = '', finished_at = :now WHERE id IN"
            " (SELECT id FROM mail WHERE state = 'queued' AND next_attempt_at <= :now"
            " AND not_after <= :now ORDER BY next_attempt_at LIMIT :most)",
            {{"now", now}, {"most", most}});
        return {};
      });
  if (!erased) co_return std::unexpected(erased.error());
  // One transaction for each kind, so that nobody waits for all of them.
  for (const auto& kind : kKinds) {
    const auto removed = co_await sql::submit<std::int64_t>(
        *state_, Access::write, [&kind, now, most](Transaction& tx) -> StoreResult<std::int64_t> {
          return tx.execute(kind.remove, {{"most", most}, {"cut", now - kind.kept}});
        });
    if (!removed) co_return std::unexpected(removed.error());
    total += *removed;
  }
  const auto keys = co_await sql::submit<std::int64_t>(
      *state_, Access::write, [now](Transaction& tx) -> StoreResult<std::int64_t> {
        return sql::remove_expired_keys(tx, now);
      });
  if (!keys) co_return std::unexpected(keys.error());
  const auto clients = co_await sql::submit<std::vector<std::string>>(
      *state_, Access::write,
      [now, most, unverified_kept](Transaction& tx) -> StoreResult<std::vector<std::string>> {
        return sql::remove_unverified(tx, now - unverified_kept, most, now);
      });
  if (!clients) co_return std::unexpected(clients.error());
  for (const auto& client_id : *clients) {
    state_->clients.erase(client_id);
    state_->brandings.erase(client_id);
  }
  total += *keys + static_cast<std::int64_t>(clients->size());
  for (const auto& table : kWalks) {
    std::int64_t after = 0;
    {
      std::lock_guard lock(state_->cleanup.mutex);
      after = state_->cleanup.after[table.name];
    }
    const auto step = co_await sql::submit<Step>(
        *state_, Access::write, [&table, after, now, most](Transaction& tx) -> StoreResult<Step> {
          return walk(tx, table, after, most, now);
        });
    if (!step) co_return std::unexpected(step.error());
    total += step->removed;
    std::lock_guard lock(state_->cleanup.mutex);
    state_->cleanup.after[table.name] = step->after;
  }
  co_return total;
}

}  // namespace server::store

// Signing keys and purpose keys, sealed by others.
#include "server/store/sql/keys.h"

#include "server/store/sql/state.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

constexpr std::int64_t kKeyLock = 0x6c6b5f6b657973;
// No session can be set to live longer.
constexpr std::chrono::days kKept{4'000};
// Clocks of nodes differ: a state says what every node agrees on.
constexpr std::chrono::minutes kSlack{5};

// Only one node makes keys at a time. SQLite's writer is alone anyway.
void lock_keys(Transaction& tx) {
  if (tx.dialect() != sql::Dialect::postgresql) return;
  tx.query("SELECT 1::bigint FROM pg_advisory_xact_lock(:lock)", "i", {{"lock", kKeyLock}});
}

std::vector<SigningKeyRow> read_signing_keys(Transaction& tx) {
  Rows rows = tx.query(
      "SELECT kid, alg, state, public_jwk, sealed_private, created_at, signs_from, verifies_until,"
      " kept_until FROM signing_keys ORDER BY created_at, kid",
      "tttttiiii");
  std::vector<SigningKeyRow> keys;
  while (rows.next()) {
    keys.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4),
                    rows.time(5), rows.time(6), rows.maybe_time(7), rows.maybe_time(8)});
  }
  return keys;
}

void insert_signing_key(Transaction& tx, const SigningKeyRow& key, std::string_view state) {
  tx.execute(
      "INSERT INTO signing_keys (kid, alg, state, public_jwk, sealed_private, created_at,"
      " signs_from, verifies_until, kept_until) VALUES (:kid, :alg, :state, :public_jwk,"
      " :sealed_private, :created_at, :signs_from, :verifies_until, :kept_until)",
      {{"kid", key.kid},
       {"alg", key.alg},
       {"state", state},
       {"public_jwk", key.public_jwk},
       {"sealed_private", key.sealed_private},
       {"created_at", key.created_at},
       {"signs_from", key.signs_from},
       {"verifies_until", key.verifies_until},
       {"kept_until", key.kept_until}});
}

// Writes down what the time has brought. Times decide, the states follow them: see keys/.
void follow_time(Transaction& tx, TimePoint now) {
  tx.execute(
      "UPDATE signing_keys SET state = 'active' WHERE state = 'announced' AND signs_from <= :now",
      {{"now", now}});
  tx.execute(
      "UPDATE signing_keys SET state = 'verifying' WHERE state = 'active'"
      " AND verifies_until IS NOT NULL AND EXISTS (SELECT 1 FROM signing_keys n"
      " WHERE n.alg = signing_keys.alg AND n.state = 'active'"
      " AND n.signs_from > signing_keys.signs_from AND n.signs_from <= :cut)",
      {{"cut", now - kSlack}});
  tx.execute(
      "UPDATE signing_keys SET state = 'retired'"
      " WHERE state IN ('active', 'verifying') AND verifies_until <= :cut",
      {{"cut", now - kSlack}});
}

bool has_key_waiting(Transaction& tx, const std::string& alg) {
  Rows rows = tx.query("SELECT kid FROM signing_keys WHERE alg = :alg AND state = 'announced'", "t",
                       {{"alg", alg}});
  return rows.next();
}

// A key that never came to sign has nothing to verify.
void drop_key_waiting(Transaction& tx, const std::string& alg, TimePoint now) {
  tx.execute(
      "UPDATE signing_keys SET state = 'retired', verifies_until = :now, kept_until = :now"
      " WHERE alg = :alg AND state = 'announced'",
      {{"now", now}, {"alg", alg}});
}

// Only ever shortens: a key that is on its way out keeps its own end.
void limit_older_keys(Transaction& tx, const std::string& alg, TimePoint verifies_until,
                      TimePoint kept_until) {
  tx.execute(
      "UPDATE signing_keys SET"
      " kept_until = CASE WHEN kept_until IS NULL OR kept_until > :kept THEN :kept"
      " ELSE kept_until END,"
      " verifies_until = CASE WHEN verifies_until IS NULL OR verifies_until > :until THEN :until"
      " ELSE verifies_until END WHERE alg = :alg",
      {{"kept", kept_until}, {"until", verifies_until}, {"alg", alg}});
}

std::vector<PurposeKeyRow> read_purpose_keys(Transaction& tx) {
  Rows rows = tx.query(
      "SELECT id, purpose, sealed, created_at FROM purpose_keys ORDER BY created_at, id", "ttti");
  std::vector<PurposeKeyRow> keys;
  while (rows.next()) {
    keys.push_back({rows.text(0), rows.text(1), rows.text(2), rows.time(3)});
  }
  return keys;
}

}  // namespace

std::int64_t sql::remove_expired_keys(Transaction& tx, TimePoint now) {
  lock_keys(tx);
  follow_time(tx, now);
  return tx.execute("DELETE FROM signing_keys WHERE state = 'retired' AND kept_until <= :now",
                    {{"now", now}});
}

Task<StoreResult<std::vector<SigningKeyRow>>> Store::list_signing_keys() {
  co_return co_await sql::submit<std::vector<SigningKeyRow>>(
      *state_, Access::read, [](Transaction& tx) -> StoreResult<std::vector<SigningKeyRow>> {
        return read_signing_keys(tx);
      });
}

Task<StoreResult<std::vector<SigningKeyRow>>> Store::ensure_signing_keys(
    std::vector<SigningKeyRow> fresh, Actor actor, TimePoint now) {
  co_return co_await sql::submit<std::vector<SigningKeyRow>>(
      *state_, Access::write,
      [fresh = std::move(fresh), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<std::vector<SigningKeyRow>> {
        lock_keys(tx);
        const auto present = read_signing_keys(tx);
        for (const auto& key : fresh) {
          const bool known = std::ranges::any_of(
              present, [&key](const SigningKeyRow& row) { return row.alg == key.alg; });
          if (known) continue;
          insert_signing_key(tx, key, key.state);
          tx.audit("key.add", actor, key.kid, key.alg, now);
        }
        return read_signing_keys(tx);
      });
}

Task<StoreResult<bool>> Store::rotate_signing_key(SigningKeyRow row, TimePoint old_verifies_until,
                                                  Actor actor, TimePoint now,
                                                  std::optional<TimePoint> old_kept_until) {
  const TimePoint kept_until = old_kept_until.value_or(std::max(old_verifies_until, now) + kKept);
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [row = std::move(row), old_verifies_until, kept_until, actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        lock_keys(tx);
        follow_time(tx, now);
        const bool waits = row.signs_from > now;
        if (waits && has_key_waiting(tx, row.alg)) return false;
        if (!waits) drop_key_waiting(tx, row.alg, now);
        limit_older_keys(tx, row.alg, old_verifies_until, kept_until);
        insert_signing_key(tx, row, waits ? "announced" : "active");
        tx.audit("key.rotate", actor, row.kid, row.alg, now);
        return true;
      });
}

Task<StoreResult<std::vector<PurposeKeyRow>>> Store::ensure_purpose_keys(
    std::vector<PurposeKeyRow> fresh) {
  co_return co_await sql::submit<std::vector<PurposeKeyRow>>(
      *state_, Access::write,
      [fresh = std::move(fresh)](Transaction& tx) -> StoreResult<std::vector<PurposeKeyRow>> {
        lock_keys(tx);
        const auto present = read_purpose_keys(tx);
        for (const auto& key : fresh) {
          // A purpose that is new in this program gets its key, the others keep theirs.
          const bool known = std::ranges::any_of(
              present, [&key](const PurposeKeyRow& row) { return row.purpose == key.purpose; });
          if (known) continue;
          tx.execute(
              "INSERT INTO purpose_keys (id, purpose, sealed, created_at)"
              " VALUES (:id, :purpose, :sealed, :created_at)",
              {{"id", key.id},
               {"purpose", key.purpose},
               {"sealed", key.sealed},
               {"created_at", key.created_at}});
          tx.audit("key.add", {"server", ""}, key.id, key.purpose, key.created_at);
        }
        return read_purpose_keys(tx);
      });
}

}  // namespace server::store

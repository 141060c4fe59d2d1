// Signing keys and purpose keys, sealed by others.
#include "server/store/sql/state.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

constexpr std::int64_t kKeyLock = 0x6c6b5f6b657973;

// Only one node makes keys at a time. SQLite's writer is alone anyway.
void lock_keys(Transaction& tx) {
  if (tx.dialect() != sql::Dialect::postgresql) return;
  tx.query("SELECT 1::bigint FROM pg_advisory_xact_lock(:lock)", "i", {{"lock", kKeyLock}});
}

std::vector<SigningKeyRow> read_signing_keys(Transaction& tx) {
  Rows rows = tx.query(
      "SELECT kid, alg, state, public_jwk, sealed_private, created_at, signs_from, verifies_until"
      " FROM signing_keys ORDER BY created_at, kid",
      "tttttiii");
  std::vector<SigningKeyRow> keys;
  while (rows.next()) {
    keys.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4),
                    rows.time(5), rows.time(6), rows.maybe_time(7)});
  }
  return keys;
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
        if (auto present = read_signing_keys(tx); !present.empty()) return present;
        for (const auto& key : fresh) {
          tx.execute(
              "INSERT INTO signing_keys (kid, alg, state, public_jwk, sealed_private, created_at,"
              " signs_from, verifies_until) VALUES (:kid, :alg, :state, :public_jwk,"
              " :sealed_private, :created_at, :signs_from, :verifies_until)",
              {{"kid", key.kid},
               {"alg", key.alg},
               {"state", key.state},
               {"public_jwk", key.public_jwk},
               {"sealed_private", key.sealed_private},
               {"created_at", key.created_at},
               {"signs_from", key.signs_from},
               {"verifies_until", key.verifies_until}});
          tx.audit("key.add", actor, key.kid, key.alg, now);
        }
        return read_signing_keys(tx);
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

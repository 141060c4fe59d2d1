// Refresh tokens: each used once and replaced (RFC 9700 §4.14.2).
#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"
#include "server/store/sql/live_grant.h"
#include "server/store/sql/state.h"
#include "server/store/sql/successor.h"
#include "server/store/sql/user_rows.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

std::optional<RefreshRecord> read_refresh(Transaction& tx, const OpaqueCredential& credential,
                                          TimePoint now) {
  Rows rows = tx.query(
      "SELECT r.digest, r.client_id, r.scope, r.parent_row, r.created_at, r.expires_at,"
      " r.absolute_expires_at, r.used_at, r.successor_row, r.successor_sealed,"
      // A successor that is gone was used long ago.
      " CASE WHEN r.successor_row IS NULL THEN 0"
      " WHEN n.id IS NULL OR n.used_at IS NOT NULL THEN 1 ELSE 0 END," LATCHKEY_GRANT_COLUMNS
      " FROM refresh_tokens r LEFT JOIN refresh_tokens n ON n.id = r.successor_row"
      " JOIN grants g ON g.id = r.grant_id" LATCHKEY_GRANT_JOINS " WHERE r.id = :id",
      "tttiiiiiiti" LATCHKEY_GRANT_TYPES, {{"now", now}, {"id", credential.row}});
  if (!rows.next() || !oidc::crypto::equal_constant_time(rows.text(0), credential.digest)) {
    return std::nullopt;
  }
  RefreshRecord record;
  auto row = sql::read_grant(rows, 11);
  record.grant = std::move(row.grant);
  record.user = std::move(row.user);
  record.grant_live = row.live;
  record.successor_used = rows.flag(10);
  auto& token = record.token;
  token.stored = credential;
  token.grant_id = record.grant.id;
  token.client_id = rows.text(1);
  token.scope = rows.text(2);
  token.parent_row = rows.maybe_number(3);
  token.created_at = rows.time(4);
  token.expires_at = rows.time(5);
  token.absolute_expires_at = rows.time(6);
  token.used_at = rows.maybe_time(7);
  token.successor_row = rows.maybe_number(8);
  const bool within_grace = token.used_at && now < *token.used_at + sql::kSuccessorGrace;
  if (within_grace && !record.successor_used) {
    token.successor_sealed = oidc::base64url_decode(rows.text_or_empty(9)).value_or("");
  }
  return record;
}

}  // namespace

Task<StoreResult<std::optional<RefreshRecord>>> Store::load_refresh(OpaqueCredential credential,
                                                                    TimePoint now) {
  co_return co_await sql::submit<std::optional<RefreshRecord>>(
      *state_, Access::read,
      [credential = std::move(credential),
       now](Transaction& tx) -> StoreResult<std::optional<RefreshRecord>> {
        auto record = read_refresh(tx, credential, now);
        // Only an ID token that was asked for single claims shows an address.
        if (record && !record->grant.claims.empty()) sql::load_emails(tx, record->user);
        return record;
      });
}

Task<StoreResult<RotateOutcome>> Store::rotate_refresh(RotateRefresh command, Actor actor,
                                                       TimePoint now) {
  co_return co_await sql::submit<RotateOutcome>(
      *state_, Access::write,
      [command = std::move(command), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<RotateOutcome> {
        const auto& successor = command.successor;
        const auto used = tx.execute(
            "UPDATE refresh_tokens SET used_at = :now, successor_row = :successor,"
            " successor_sealed = :sealed WHERE id = :id AND grant_id = :grant_id"
            " AND client_id = :client_id AND used_at IS NULL",
            {{"now", now},
             {"successor", successor.stored.row},
             {"sealed", oidc::base64url_encode(command.successor_sealed)},
             {"id", command.old_row},
             {"grant_id", successor.grant_id},
             {"client_id", successor.client_id}});
        if (used != 1) return RotateOutcome::already_used;
        if (!sql::keep_grant(tx, successor.grant_id, successor.absolute_expires_at) ||
            !sql::is_grant_live(tx, successor.grant_id, now)) {
          tx.discard();
          return RotateOutcome::grant_ended;
        }
        // The old token has reached its client, so its parent need not repeat it any more.
        tx.execute(
            "UPDATE refresh_tokens SET successor_sealed = NULL"
            " WHERE id = (SELECT parent_row FROM refresh_tokens WHERE id = :id)",
            {{"id", command.old_row}});
        sql::insert_refresh(tx, successor, now);
        tx.audit("refresh.rotate", actor, std::to_string(successor.grant_id), successor.client_id,
                 now);
        return RotateOutcome::rotated;
      });
}

}  // namespace server::store

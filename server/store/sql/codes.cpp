// Authorization codes: used once, by one UPDATE (RFC 6749 §4.1.2, §10.5).
#include "oidc/crypto/digest.h"
#include "server/store/sql/live_grant.h"
#include "server/store/sql/state.h"
#include "server/store/sql/user_rows.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

std::optional<CodeRecord> read_code(Transaction& tx, const OpaqueCredential& credential,
                                    TimePoint now) {
  Rows rows = tx.query(
      "SELECT k.digest, k.client_id, k.redirect_uri, k.code_challenge, k.nonce,"
      " k.expires_at, k.used_at," LATCHKEY_GRANT_COLUMNS
      " FROM authorization_codes k JOIN grants g ON g.id = k.grant_id" LATCHKEY_GRANT_JOINS
      " WHERE k.id = :id",
      "tttttii" LATCHKEY_GRANT_TYPES, {{"now", now}, {"id", credential.row}});
  if (!rows.next() || !oidc::crypto::equal_constant_time(rows.text(0), credential.digest)) {
    return std::nullopt;
  }
  CodeRecord record;
  auto row = sql::read_grant(rows, 7);
  record.grant = std::move(row.grant);
  record.user = std::move(row.user);
  record.grant_live = row.live;
  record.code.stored = credential;
  record.code.grant_id = record.grant.id;
  record.code.client_id = rows.text(1);
  record.code.redirect_uri = rows.text(2);
  record.code.code_challenge = rows.text(3);
  record.code.nonce = rows.text(4);
  record.code.expires_at = rows.time(5);
  record.code.used_at = rows.maybe_time(6);
  return record;
}

}  // namespace

Task<StoreResult<std::optional<CodeRecord>>> Store::load_code(OpaqueCredential credential,
                                                              TimePoint now) {
  co_return co_await sql::submit<std::optional<CodeRecord>>(
      *state_, Access::read,
      [credential = std::move(credential),
       now](Transaction& tx) -> StoreResult<std::optional<CodeRecord>> {
        auto record = read_code(tx, credential, now);
        if (record) sql::load_emails(tx, record->user);
        return record;
      });
}

Task<StoreResult<RedeemOutcome>> Store::redeem_code(RedeemCode command, Actor actor,
                                                    TimePoint now) {
  co_return co_await sql::submit<RedeemOutcome>(
      *state_, Access::write,
      [command = std::move(command), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<RedeemOutcome> {
        const auto used = tx.execute(
            "UPDATE authorization_codes SET used_at = :now WHERE id = :id AND grant_id = :grant_id"
            " AND client_id = :client_id AND used_at IS NULL",
            {{"now", now},
             {"id", command.code_row},
             {"grant_id", command.grant_id},
             {"client_id", command.client_id}});
        if (used != 1) return RedeemOutcome::already_used;
        const TimePoint until = command.refresh ? command.refresh->absolute_expires_at : now;
        if (!sql::keep_grant(tx, command.grant_id, until) ||
            !sql::is_grant_live(tx, command.grant_id, now)) {
          tx.discard();
          return RedeemOutcome::grant_ended;
        }
        if (command.refresh) sql::insert_refresh(tx, *command.refresh, now);
        tx.audit("code.redeem", actor, std::to_string(command.grant_id), command.client_id, now);
        return RedeemOutcome::redeemed;
      });
}

}  // namespace server::store

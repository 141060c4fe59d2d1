// Grants: issued with a code, remembered as consent, asked for by access tokens, revoked.
#include "oidc/base/text.h"
#include "server/store/sql/live_grant.h"
#include "server/store/sql/state.h"
#include "server/store/sql/user_rows.h"

namespace server::store {

using oidc::model::Grant;
using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

// Holds the session's row until the end of the transaction. A sign-out, password change or
// disabling that comes at the same time ends sessions first: it either makes this fail or waits,
// and then finds the new grant.
bool hold_session(Transaction& tx, const IssueCode& command, TimePoint now) {
  if (!command.grant.session_id) return false;
  return tx.execute(
             "UPDATE sessions SET last_seen_at = :now WHERE id = :id AND user_id = :user_id"
             " AND browser_id = :browser_id AND ended_at IS NULL AND expires_at > :now",
             {{"now", now},
              {"id", *command.grant.session_id},
              {"user_id", command.grant.user_id},
              {"browser_id", command.browser_id}}) == 1;
}

void insert_grant(Transaction& tx, const IssueCode& command, TimePoint now) {
  const Grant& grant = command.grant;
  tx.execute(
      "INSERT INTO grants (id, user_id, client_id, session_id, scope, offline_access, auth_time,"
      " amr, acr, sid, created_at, expires_at, revoked_at)"
      " VALUES (:id, :user_id, :client_id, :session_id, :scope, :offline_access, :auth_time, :amr,"
      " :acr, :sid, :now, :expires_at, NULL)",
      {{"id", grant.id},
       {"user_id", grant.user_id},
       {"client_id", grant.client_id},
       {"session_id", grant.session_id},
       {"scope", grant.scope},
       {"offline_access", grant.offline_access},
       {"auth_time", grant.auth_time},
       {"amr", grant.amr},
       {"acr", grant.acr},
       {"sid", grant.sid},
       {"now", now},
       {"expires_at", command.code.expires_at}});
}

void insert_code(Transaction& tx, const IssueCode& command) {
  const auto& code = command.code;
  tx.execute(
      "INSERT INTO authorization_codes (id, digest, grant_id, client_id, redirect_uri,"
      " code_challenge, nonce, expires_at, used_at)"
      " VALUES (:id, :digest, :grant_id, :client_id, :redirect_uri, :code_challenge, :nonce,"
      " :expires_at, NULL)",
      {{"id", code.stored.row},
       {"digest", code.stored.digest},
       {"grant_id", command.grant.id},
       {"client_id", code.client_id},
       {"redirect_uri", code.redirect_uri},
       {"code_challenge", code.code_challenge},
       {"nonce", code.nonce},
       {"expires_at", code.expires_at}});
}

void remember_consent(Transaction& tx, const Grant& grant, TimePoint now) {
  // Writing first locks the row: two windows that consent at the same time both leave their scopes.
  tx.execute(
      "INSERT INTO consents (user_id, client_id, scope, created_at, updated_at)"
      " VALUES (:user_id, :client_id, '', :now, :now)"
      " ON CONFLICT (user_id, client_id) DO UPDATE SET updated_at = excluded.updated_at",
      {{"user_id", grant.user_id}, {"client_id", grant.client_id}, {"now", now}});
  std::vector<std::string> words;
  {
    Rows rows =
        tx.query("SELECT scope FROM consents WHERE user_id = :user_id AND client_id = :client_id",
                 "t", {{"user_id", grant.user_id}, {"client_id", grant.client_id}});
    if (rows.next()) words = oidc::split_words(rows.text(0));
  }
  for (auto& word : oidc::split_words(grant.scope)) {
    if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
  }
  tx.execute(
      "UPDATE consents SET scope = :scope WHERE user_id = :user_id AND client_id = :client_id",
      {{"scope", oidc::join_words(words)},
       {"user_id", grant.user_id},
       {"client_id", grant.client_id}});
}

bool is_token_revoked(Transaction& tx, const std::string& jti) {
  if (jti.empty()) return false;
  Rows rows =
      tx.query("SELECT revoked_at FROM revoked_tokens WHERE jti = :jti", "i", {{"jti", jti}});
  return rows.next();
}

}  // namespace

Task<StoreResult<std::string>> Store::find_consent(std::string user_id, std::string client_id) {
  co_return co_await sql::submit<std::string>(
      *state_, Access::read,
      [user_id = std::move(user_id),
       client_id = std::move(client_id)](Transaction& tx) -> StoreResult<std::string> {
        Rows rows = tx.query(
            "SELECT scope FROM consents WHERE user_id = :user_id AND client_id = :client_id", "t",
            {{"user_id", user_id}, {"client_id", client_id}});
        return rows.next() ? rows.text(0) : std::string();
      });
}

Task<StoreResult<IssueCodeOutcome>> Store::issue_code(IssueCode command, Actor actor,
                                                      TimePoint now) {
  co_return co_await sql::submit<IssueCodeOutcome>(
      *state_, Access::write,
      [command = std::move(command), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<IssueCodeOutcome> {
        if (!hold_session(tx, command, now)) return IssueCodeOutcome::session_ended;
        insert_grant(tx, command, now);
        insert_code(tx, command);
        tx.execute(
            "INSERT INTO session_clients (session_id, client_id, first_at)"
            " VALUES (:session_id, :client_id, :now)"
            " ON CONFLICT (session_id, client_id) DO NOTHING",
            {{"session_id", *command.grant.session_id},
             {"client_id", command.grant.client_id},
             {"now", now}});
        if (command.remember_consent) remember_consent(tx, command.grant, now);
        tx.audit("grant.issue", actor, std::to_string(command.grant.id), command.grant.client_id,
                 now);
        return IssueCodeOutcome::issued;
      });
}

Task<StoreResult<bool>> Store::revoke_grant(std::int64_t grant_id, std::string reason, Actor actor,
                                            TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [grant_id, reason = std::move(reason), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        const auto revoked =
            tx.execute("UPDATE grants SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
                       {{"now", now}, {"id", grant_id}});
        if (revoked != 1) return false;
        tx.audit("grant.revoke", actor, std::to_string(grant_id), reason, now);
        return true;
      });
}

Task<StoreResult<void>> Store::revoke_access_token(std::string jti, TimePoint expires_at,
                                                   Actor actor, TimePoint now) {
  co_return co_await sql::submit<void>(
      *state_, Access::write,
      [jti = std::move(jti), expires_at, actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<void> {
        const auto added = tx.execute(
            "INSERT INTO revoked_tokens (jti, revoked_at, expires_at)"
            " VALUES (:jti, :now, :expires_at) ON CONFLICT (jti) DO NOTHING",
            {{"jti", jti}, {"now", now}, {"expires_at", expires_at}});
        if (added == 1) tx.audit("token.revoke", actor, jti, "", now);
        return {};
      });
}

Task<StoreResult<std::optional<AccessRecord>>> Store::load_access(std::int64_t grant_id,
                                                                  std::string jti, TimePoint now) {
  co_return co_await sql::submit<std::optional<AccessRecord>>(
      *state_, Access::read,
      [grant_id, jti = std::move(jti),
       now](Transaction& tx) -> StoreResult<std::optional<AccessRecord>> {
        std::optional<AccessRecord> record;
        {
          Rows rows = tx.query("SELECT" LATCHKEY_GRANT_COLUMNS " FROM grants g" LATCHKEY_GRANT_JOINS
                               " WHERE g.id = :id",
                               LATCHKEY_GRANT_TYPES, {{"now", now}, {"id", grant_id}});
          if (!rows.next()) return record;
          auto row = sql::read_grant(rows, 0);
          record = AccessRecord{std::move(row.grant), std::move(row.user), row.live};
        }
        record->live = record->live && !is_token_revoked(tx, jti);
        sql::load_emails(tx, record->user);
        return record;
      });
}

}  // namespace server::store

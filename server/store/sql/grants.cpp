// Grants: issued with a code, remembered as consent, asked for by access tokens, revoked.
#include "oidc/base/text.h"
#include "server/store/sql/live_grant.h"
#include "server/store/sql/pushed_requests.h"
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
  TimePoint expires_at = std::max(command.grant_expires_at, now);
  if (command.code) expires_at = std::max(expires_at, command.code->expires_at);
  tx.execute(
      "INSERT INTO grants (id, user_id, client_id, session_id, scope, offline_access, auth_time,"
      " amr, acr, sid, created_at, expires_at, revoked_at, subject, claims, resources)"
      " VALUES (:id, :user_id, :client_id, :session_id, :scope, :offline_access, :auth_time, :amr,"
      " :acr, :sid, :now, :expires_at, NULL, :subject, :claims, :resources)",
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
       {"expires_at", expires_at},
       {"subject", grant.subject},
       {"claims", grant.claims},
       {"resources", oidc::join_words(grant.resources)}});
}

void insert_code(Transaction& tx, const IssueCode& command) {
  const auto& code = *command.code;
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

void note_session_client(Transaction& tx, const Grant& grant, TimePoint now) {
  // The subject changes when the client's sector does; else nothing is written.
  tx.execute(
      "INSERT INTO session_clients (session_id, client_id, first_at, subject)"
      " VALUES (:session_id, :client_id, :now, :subject)"
      " ON CONFLICT (session_id, client_id) DO UPDATE SET subject = excluded.subject"
      " WHERE session_clients.subject <> excluded.subject",
      {{"session_id", *grant.session_id},
       {"client_id", grant.client_id},
       {"now", now},
       {"subject", grant.subject}});
}

void remember_consent(Transaction& tx, const Grant& grant, std::string_view added, TimePoint now) {
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
  for (auto& word : oidc::split_words(added)) {
    if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
  }
  tx.execute(
      "UPDATE consents SET scope = :scope WHERE user_id = :user_id AND client_id = :client_id",
      {{"scope", oidc::join_words(words)},
       {"user_id", grant.user_id},
       {"client_id", grant.client_id}});
}

// One statement: this is asked with every access token. A row for each e-mail address.
std::optional<AccessRecord> read_access(Transaction& tx, std::int64_t grant_id,
                                        const std::string& jti, TimePoint now) {
  constexpr std::size_t kAfterGrant = sizeof(LATCHKEY_GRANT_TYPES) - 1;
  Rows rows = tx.query("SELECT" LATCHKEY_GRANT_COLUMNS
                       ", CASE WHEN EXISTS (SELECT 1 FROM revoked_tokens t WHERE t.jti = :jti)"
                       " THEN 1 ELSE 0 END, e.address, e.fold, e.verified"
                       " FROM grants g" LATCHKEY_GRANT_JOINS
                       " LEFT JOIN user_emails e ON e.user_id = u.id"
                       " WHERE g.id = :id ORDER BY e.position",
                       LATCHKEY_GRANT_TYPES "itti", {{"now", now}, {"jti", jti}, {"id", grant_id}});
  if (!rows.next()) return std::nullopt;
  auto row = sql::read_grant(rows, 0);
  AccessRecord record{std::move(row.grant), std::move(row.user), row.live};
  if (rows.flag(kAfterGrant)) record.live = false;
  do {
    if (rows.is_null(kAfterGrant + 1)) break;
    record.user.emails.push_back(
        {rows.text(kAfterGrant + 1), rows.text(kAfterGrant + 2), rows.flag(kAfterGrant + 3)});
  } while (rows.next());
  return record;
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
        if (command.pushed_request &&
            !sql::use_pushed_request(tx, *command.pushed_request, command.grant.client_id, now)) {
          tx.discard();
          return IssueCodeOutcome::request_used;
        }
        insert_grant(tx, command, now);
        if (command.code) insert_code(tx, command);
        note_session_client(tx, command.grant, now);
        if (!command.remember_consent.empty()) {
          remember_consent(tx, command.grant, command.remember_consent, now);
        }
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
        return read_access(tx, grant_id, jti, now);
      });
}

}  // namespace server::store

// Changes of an account that its person makes or proves by mail: each in one transaction with the
// challenge it uses up, the notice it owes, and whatever it ends.
#include "server/store/sql/challenge_rows.h"
#include "server/store/sql/endings.h"
#include "server/store/sql/history_rows.h"
#include "server/store/sql/mail_rows.h"
#include "server/store/sql/session_rows.h"
#include "server/store/sql/state.h"
#include "server/store/sql/user_rows.h"

namespace server::store {

using oidc::model::ChallengePurpose;
using oidc::model::EmailAddress;
using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

// The row of the person first, as in sign_in(): it stays locked, so that whoever comes second sees
// what the first did.
bool hold_active_person(Transaction& tx, const std::string& id, TimePoint now) {
  return tx.execute(
             "UPDATE users SET updated_at = :now"
             " WHERE id = :id AND status = 'active' AND deleted_at IS NULL",
             {{"now", now}, {"id", id}}) == 1;
}

HistoryRow history_of(const char* what, const char* method, const Actor& actor, TimePoint now) {
  return {now, what, method, actor.address, "", ""};
}

AccountOutcome create_rows(Transaction& tx, const NewAccount& command, const Actor& actor,
                           TimePoint now) {
  NewUser fresh = command.user;
  if (fresh.user.emails.empty()) {
    throw sql::SqlError(sql::SqlFault::failed, "a new account has no address");
  }
  // The others, if any, are as the caller says.
  EmailAddress proved = fresh.user.emails.front();
  proved.verified = true;
  const std::vector<EmailAddress> others(fresh.user.emails.begin() + 1, fresh.user.emails.end());
  if (!sql::use_challenge(tx, command.challenge_row, ChallengePurpose::sign_up, fresh.user.id,
                          proved.fold, now)) {
    return AccountOutcome::challenge_used;
  }
  fresh.user.emails.clear();
  sql::insert_user_rows(tx, fresh, now);
  std::int64_t position = 0;
  if (!sql::insert_email(tx, fresh.user.id, position, proved)) return AccountOutcome::address_taken;
  for (const auto& email : others) {
    if (!sql::insert_email(tx, fresh.user.id, ++position, email)) {
      return AccountOutcome::address_taken;
    }
  }
  tx.audit("user.sign_up", actor, fresh.user.id, "", now);
  sql::insert_history(tx, fresh.user.id, history_of("account_created", "mail", actor, now));
  if (command.sign_in) {
    tx.execute("UPDATE users SET signed_in_at = :now WHERE id = :id",
               {{"now", now}, {"id", fresh.user.id}});
    SignIn sign_in = *command.sign_in;
    sign_in.user_id = fresh.user.id;
    sql::begin_session(tx, sign_in, actor, now);
  }
  return AccountOutcome::done;
}

void verify_address_of(Transaction& tx, std::int64_t challenge_row, const std::string& user_id) {
  tx.execute(
      "UPDATE user_emails SET verified = 1 WHERE user_id = :user_id AND fold ="
      " (SELECT email_fold FROM email_challenges WHERE id = :row)",
      {{"user_id", user_id}, {"row", challenge_row}});
}

// False: somebody else has that address.
bool replace_primary(Transaction& tx, const std::string& user_id, EmailAddress address) {
  // It may be one of theirs already, or the same in another spelling.
  tx.execute("DELETE FROM user_emails WHERE user_id = :user_id AND (position = 0 OR fold = :fold)",
             {{"user_id", user_id}, {"fold", address.fold}});
  address.verified = true;
  return sql::insert_email(tx, user_id, 0, address);
}

void remove_personal_data(Transaction& tx, const std::string& id) {
  tx.execute("UPDATE sessions SET address = '', browser = '' WHERE user_id = :id", {{"id", id}});
  tx.execute(
      "DELETE FROM mail WHERE address_fold IN (SELECT fold FROM user_emails WHERE user_id = :id)",
      {{"id", id}});
  tx.execute("DELETE FROM email_challenges WHERE user_id = :id", {{"id", id}});
  tx.execute("DELETE FROM user_emails WHERE user_id = :id", {{"id", id}});
  tx.execute("DELETE FROM authenticators WHERE user_id = :id", {{"id", id}});
  tx.execute("DELETE FROM consents WHERE user_id = :id", {{"id", id}});
  tx.execute("DELETE FROM user_history WHERE user_id = :id", {{"id", id}});
  tx.execute("DELETE FROM refused_sign_ins WHERE person = :id", {{"id", id}});
}

// The session that asks is still alive.
bool hold_session(Transaction& tx, std::int64_t session, const std::string& user_id,
                  TimePoint now) {
  return tx.execute(
             "UPDATE sessions SET last_seen_at = last_seen_at WHERE id = :session"
             " AND user_id = :user_id AND ended_at IS NULL AND expires_at > :now",
             {{"session", session}, {"user_id", user_id}, {"now", now}}) == 1;
}

}  // namespace

Task<StoreResult<AccountOutcome>> Store::create_account(NewAccount command, Actor actor,
                                                        TimePoint now) {
  co_return co_await sql::submit<AccountOutcome>(
      *state_, Access::write,
      [command = std::move(command), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<AccountOutcome> {
        const auto outcome = create_rows(tx, command, actor, now);
        if (outcome != AccountOutcome::done) tx.discard();
        return outcome;
      });
}

Task<StoreResult<AccountOutcome>> Store::reset_password(std::int64_t challenge_row,
                                                        std::string user_id, std::string phc,
                                                        Actor actor, TimePoint now,
                                                        std::optional<QueuedMail> notice,
                                                        std::optional<std::int64_t> by_session) {
  co_return co_await sql::submit<AccountOutcome>(
      *state_, Access::write,
      [challenge_row, id = std::move(user_id), phc = std::move(phc), actor = std::move(actor), now,
       notice = std::move(notice), by_session](Transaction& tx) -> StoreResult<AccountOutcome> {
        if (!hold_active_person(tx, id, now)) return AccountOutcome::no_such_user;
        // The new hash took a while: a recovery in the meantime must not be undone by it.
        if (by_session && !hold_session(tx, *by_session, id, now)) {
          tx.discard();
          return AccountOutcome::no_such_user;
        }
        if (challenge_row != 0) {
          if (!sql::use_challenge(tx, challenge_row, ChallengePurpose::reset_password, id, "",
                                  now)) {
            tx.discard();
            return AccountOutcome::challenge_used;
          }
          verify_address_of(tx, challenge_row, id);
        }
        sql::replace_password(tx, id, phc, now);
        sql::close_challenges(tx, id, now);
        // Sessions before grants: issue_code() holds the session's row while it adds a grant.
        sql::end_all_sessions(tx, id, now);
        sql::revoke_all_grants(tx, id, now);
        tx.audit("user.password", actor, id, challenge_row != 0 ? "by mail" : "", now);
        sql::insert_history(
            tx, id,
            history_of("password_changed", challenge_row != 0 ? "mail" : "password", actor, now));
        if (notice) sql::insert_mail(tx, *notice, now);
        return AccountOutcome::done;
      });
}

Task<StoreResult<AccountOutcome>> Store::change_email(std::int64_t challenge_row,
                                                      std::string user_id, EmailAddress address,
                                                      Actor actor, TimePoint now,
                                                      std::optional<QueuedMail> notice) {
  co_return co_await sql::submit<AccountOutcome>(
      *state_, Access::write,
      [challenge_row, id = std::move(user_id), address = std::move(address),
       actor = std::move(actor), now,
       notice = std::move(notice)](Transaction& tx) -> StoreResult<AccountOutcome> {
        if (!hold_active_person(tx, id, now)) return AccountOutcome::no_such_user;
        if (!sql::use_challenge(tx, challenge_row, ChallengePurpose::change_email, id, address.fold,
                                now)) {
          tx.discard();
          return AccountOutcome::challenge_used;
        }
        if (!replace_primary(tx, id, address)) {
          tx.discard();
          return AccountOutcome::address_taken;
        }
        // What went to the old address opens nothing any more.
        sql::close_challenges(tx, id, now);
        tx.audit("user.email", actor, id, "", now);
        sql::insert_history(tx, id, history_of("email_changed", "mail", actor, now));
        if (notice) sql::insert_mail(tx, *notice, now);
        return AccountOutcome::done;
      });
}

Task<StoreResult<bool>> Store::set_claims(std::string user_id, std::string claims_json, Actor actor,
                                          TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [id = std::move(user_id), claims = std::move(claims_json), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        const auto known = tx.execute(
            "UPDATE users SET claims = :claims, updated_at = :now"
            " WHERE id = :id AND deleted_at IS NULL",
            {{"claims", claims.empty() ? std::string_view("{}") : std::string_view(claims)},
             {"now", now},
             {"id", id}});
        if (known != 1) return false;
        tx.audit("user.claims", actor, id, "", now);
        return true;
      });
}

Task<StoreResult<bool>> Store::delete_user(std::string user_id, Actor actor, TimePoint now,
                                           std::optional<QueuedMail> notice,
                                           std::optional<std::int64_t> by_session) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [id = std::move(user_id), actor = std::move(actor), now, notice = std::move(notice),
       by_session](Transaction& tx) -> StoreResult<bool> {
        const auto known = tx.execute(
            "UPDATE users SET status = 'disabled', claims = '{}', deleted_at = :now,"
            " updated_at = :now, signed_in_at = NULL WHERE id = :id AND deleted_at IS NULL",
            {{"now", now}, {"id", id}});
        if (known != 1) return false;
        // The password took a while to check: whoever lost the account to its person meanwhile must
        // not end it.
        if (by_session && !hold_session(tx, *by_session, id, now)) {
          tx.discard();
          return false;
        }
        sql::end_all_sessions(tx, id, now);
        sql::revoke_all_grants(tx, id, now);
        remove_personal_data(tx, id);
        tx.audit("user.delete", actor, id, "", now);
        if (notice) sql::insert_mail(tx, *notice, now);
        return true;
      });
}

}  // namespace server::store

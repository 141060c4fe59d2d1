// People, their addresses and authenticators.
#include "server/store/sql/challenge_rows.h"
#include "server/store/sql/endings.h"
#include "server/store/sql/history_rows.h"
#include "server/store/sql/mail_rows.h"
#include "server/store/sql/state.h"
#include "server/store/sql/user_rows.h"

namespace server::store {

using oidc::model::User;
using oidc::model::UserStatus;
using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

constexpr int kMostListed = 1'000;

std::string_view to_text(UserStatus status) {
  return status == UserStatus::active ? "active" : "disabled";
}

}  // namespace

Task<StoreResult<void>> Store::insert_user(NewUser user, Actor actor, TimePoint now) {
  co_return co_await sql::submit<void>(*state_, Access::write,
                                       [user = std::move(user), actor = std::move(actor),
                                        now](Transaction& tx) -> StoreResult<void> {
                                         sql::insert_user_rows(tx, user, now);
                                         tx.audit("user.add", actor, user.user.id, "", now);
                                         return {};
                                       });
}

Task<StoreResult<std::optional<User>>> Store::find_user(std::string id) {
  co_return co_await sql::submit<std::optional<User>>(
      *state_, Access::read,
      [id = std::move(id)](Transaction& tx) -> StoreResult<std::optional<User>> {
        return sql::read_person(
            tx.query("SELECT" LATCHKEY_PERSON_COLUMNS " FROM users u" LATCHKEY_PERSON_JOIN
                     " WHERE u.id = :id AND u.deleted_at IS NULL ORDER BY m.position",
                     LATCHKEY_PERSON_TYPES, {{"id", id}}));
      });
}

Task<StoreResult<std::optional<PasswordRecord>>> Store::find_password(std::string email_fold) {
  co_return co_await sql::submit<std::optional<PasswordRecord>>(
      *state_, Access::read,
      [email_fold =
           std::move(email_fold)](Transaction& tx) -> StoreResult<std::optional<PasswordRecord>> {
        constexpr std::size_t kAuthenticator = sizeof(LATCHKEY_PERSON_TYPES) - 1;
        std::optional<PasswordRecord> record;
        Rows rows =
            tx.query("SELECT" LATCHKEY_PERSON_COLUMNS
                     ", a.id, a.data FROM user_emails e"
                     " JOIN users u ON u.id = e.user_id" LATCHKEY_PERSON_JOIN
                     " LEFT JOIN authenticators a ON a.user_id = u.id AND a.kind = 'password'"
                     " WHERE e.fold = :fold ORDER BY m.position",
                     LATCHKEY_PERSON_TYPES "it", {{"fold", email_fold}});
        while (rows.next()) {
          if (!record) {
            record.emplace();
            record->user = sql::read_user(rows, 0);
            record->authenticator_id = rows.maybe_number(kAuthenticator).value_or(0);
            record->phc = rows.text_or_empty(kAuthenticator + 1);
          }
          sql::add_email(rows, record->user);
        }
        return record;
      });
}

Task<StoreResult<std::optional<User>>> Store::find_user_by_email(std::string email_fold) {
  co_return co_await sql::submit<std::optional<User>>(
      *state_, Access::read,
      [email_fold = std::move(email_fold)](Transaction& tx) -> StoreResult<std::optional<User>> {
        return sql::read_person(
            tx.query("SELECT" LATCHKEY_PERSON_COLUMNS
                     " FROM user_emails e JOIN users u ON u.id = e.user_id" LATCHKEY_PERSON_JOIN
                     " WHERE e.fold = :fold ORDER BY m.position",
                     LATCHKEY_PERSON_TYPES, {{"fold", email_fold}}));
      });
}

Task<StoreResult<std::vector<User>>> Store::list_users(std::string after, int limit) {
  co_return co_await sql::submit<std::vector<User>>(
      *state_, Access::read,
      [after = std::move(after), limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<User>> {
        return sql::read_people(tx.query(
            "SELECT" LATCHKEY_PERSON_COLUMNS
            " FROM (SELECT * FROM users WHERE id > :after AND deleted_at IS NULL"
            " ORDER BY id LIMIT :most) u" LATCHKEY_PERSON_JOIN " ORDER BY u.id, m.position",
            LATCHKEY_PERSON_TYPES, {{"after", after}, {"most", limit}}));
      });
}

Task<StoreResult<bool>> Store::set_user_status(std::string id, UserStatus status, Actor actor,
                                               TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [id = std::move(id), status, actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        const auto known = tx.execute(
            "UPDATE users SET status = :status, updated_at = :now"
            " WHERE id = :id AND deleted_at IS NULL",
            {{"status", to_text(status)}, {"now", now}, {"id", id}});
        if (known != 1) return false;
        if (status == UserStatus::disabled) {
          sql::close_challenges(tx, id, now);
          // Sessions before grants: issue_code() holds the session's row while it adds a grant.
          sql::end_all_sessions(tx, id, now);
          sql::revoke_all_grants(tx, id, now);
        }
        tx.audit(status == UserStatus::disabled ? "user.disable" : "user.enable", actor, id, "",
                 now);
        return true;
      });
}

Task<StoreResult<bool>> Store::set_password(std::string id, std::string phc, Actor actor,
                                            TimePoint now, std::optional<QueuedMail> notice) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [id = std::move(id), phc = std::move(phc), actor = std::move(actor), now,
       notice = std::move(notice)](Transaction& tx) -> StoreResult<bool> {
        // The row of the person first, as in sign_in(): whoever comes second sees what the first
        // did.
        const auto known =
            tx.execute("UPDATE users SET updated_at = :now WHERE id = :id AND deleted_at IS NULL",
                       {{"now", now}, {"id", id}});
        if (known != 1) return false;
        sql::replace_password(tx, id, phc, now);
        sql::close_challenges(tx, id, now);
        sql::end_all_sessions(tx, id, now);
        sql::revoke_all_grants(tx, id, now);
        sql::insert_history(tx, id, {now, "password_changed", actor.name, actor.address, "", ""});
        if (notice) sql::insert_mail(tx, *notice, now);
        tx.audit("user.password", actor, id, "", now);
        return true;
      });
}

Task<StoreResult<bool>> Store::sign_out_user(std::string id, Actor actor, TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [id = std::move(id), actor = std::move(actor), now](Transaction& tx) -> StoreResult<bool> {
        const auto known =
            tx.execute("UPDATE users SET updated_at = :now WHERE id = :id AND deleted_at IS NULL",
                       {{"now", now}, {"id", id}});
        if (known != 1) return false;
        sql::close_challenges(tx, id, now);
        const auto ended = sql::end_all_sessions(tx, id, now);
        tx.audit("user.sign_out", actor, id, std::to_string(ended) + " sessions", now);
        return true;
      });
}

}  // namespace server::store

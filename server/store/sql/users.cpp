// People, their addresses and authenticators.
#include "server/store/sql/endings.h"
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
  switch (status) {
    case UserStatus::active:
      return "active";
    case UserStatus::disabled:
      return "disabled";
  }
  return "disabled";
}

void insert_password(Transaction& tx, const std::string& user_id, const std::string& phc,
                     TimePoint now) {
  tx.execute(
      "INSERT INTO authenticators (id, user_id, kind, data, created_at, updated_at)"
      " VALUES (:id, :user_id, 'password', :data, :now, :now)",
      {{"id", tx.next_row()}, {"user_id", user_id}, {"data", phc}, {"now", now}});
}

void insert_user_rows(Transaction& tx, const NewUser& command, TimePoint now) {
  const User& user = command.user;
  tx.execute(
      "INSERT INTO users (id, status, claims, created_at, updated_at, credentials_changed_at,"
      " signed_in_at) VALUES (:id, :status, :claims, :created_at, :now, :changed_at, NULL)",
      {{"id", user.id},
       {"status", to_text(user.status)},
       {"claims", user.claims.empty() ? std::string_view("{}") : std::string_view(user.claims)},
       {"created_at", user.created_at == TimePoint{} ? now : user.created_at},
       {"now", now},
       {"changed_at",
        user.credentials_changed_at == TimePoint{} ? now : user.credentials_changed_at}});
  std::int64_t position = 0;
  for (const auto& email : user.emails) {
    tx.execute(
        "INSERT INTO user_emails (fold, user_id, position, address, verified)"
        " VALUES (:fold, :user_id, :position, :address, :verified)",
        {{"fold", email.fold},
         {"user_id", user.id},
         {"position", position++},
         {"address", email.address},
         {"verified", email.verified}});
  }
  if (!command.password_phc.empty()) insert_password(tx, user.id, command.password_phc, now);
}

// False: no such person.
bool replace_password(Transaction& tx, const std::string& id, const std::string& phc,
                      TimePoint now) {
  // The row of the person first, as in sign_in(): whoever comes second sees what the first did.
  const auto known =
      tx.execute("UPDATE users SET credentials_changed_at = :now, updated_at = :now WHERE id = :id",
                 {{"now", now}, {"id", id}});
  if (known != 1) return false;
  const auto replaced = tx.execute(
      "UPDATE authenticators SET data = :data, updated_at = :now"
      " WHERE user_id = :id AND kind = 'password'",
      {{"data", phc}, {"now", now}, {"id", id}});
  if (replaced == 0) insert_password(tx, id, phc, now);
  return true;
}

}  // namespace

Task<StoreResult<void>> Store::insert_user(NewUser user, Actor actor, TimePoint now) {
  co_return co_await sql::submit<void>(*state_, Access::write,
                                       [user = std::move(user), actor = std::move(actor),
                                        now](Transaction& tx) -> StoreResult<void> {
                                         insert_user_rows(tx, user, now);
                                         tx.audit("user.add", actor, user.user.id, "", now);
                                         return {};
                                       });
}

Task<StoreResult<std::optional<User>>> Store::find_user(std::string id) {
  co_return co_await sql::submit<std::optional<User>>(
      *state_, Access::read,
      [id = std::move(id)](Transaction& tx) -> StoreResult<std::optional<User>> {
        std::optional<User> user;
        {
          Rows rows = tx.query(
              "SELECT id, status, claims, created_at, updated_at, credentials_changed_at"
              " FROM users WHERE id = :id",
              "tttiii", {{"id", id}});
          if (!rows.next()) return user;
          user = sql::read_user(rows, 0);
        }
        sql::load_emails(tx, *user);
        return user;
      });
}

Task<StoreResult<std::optional<PasswordRecord>>> Store::find_password(std::string email_fold) {
  co_return co_await sql::submit<std::optional<PasswordRecord>>(
      *state_, Access::read,
      [email_fold =
           std::move(email_fold)](Transaction& tx) -> StoreResult<std::optional<PasswordRecord>> {
        std::optional<PasswordRecord> record;
        {
          Rows rows = tx.query(
              "SELECT u.id, u.status, u.claims, u.created_at, u.updated_at,"
              " u.credentials_changed_at, a.id, a.data FROM user_emails e"
              " JOIN users u ON u.id = e.user_id"
              " LEFT JOIN authenticators a ON a.user_id = u.id AND a.kind = 'password'"
              " WHERE e.fold = :fold",
              "tttiiiit", {{"fold", email_fold}});
          if (!rows.next()) return record;
          record.emplace();
          record->user = sql::read_user(rows, 0);
          record->authenticator_id = rows.maybe_number(6).value_or(0);
          record->phc = rows.text_or_empty(7);
        }
        sql::load_emails(tx, record->user);
        return record;
      });
}

Task<StoreResult<std::vector<User>>> Store::list_users(std::string after, int limit) {
  co_return co_await sql::submit<std::vector<User>>(
      *state_, Access::read,
      [after = std::move(after), limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<User>> {
        std::vector<User> users;
        {
          Rows rows = tx.query(
              "SELECT id, status, claims, created_at, updated_at, credentials_changed_at"
              " FROM users WHERE id > :after ORDER BY id LIMIT :most",
              "tttiii", {{"after", after}, {"most", limit}});
          while (rows.next()) users.push_back(sql::read_user(rows, 0));
        }
        for (auto& user : users) sql::load_emails(tx, user);
        return users;
      });
}

Task<StoreResult<bool>> Store::set_user_status(std::string id, UserStatus status, Actor actor,
                                               TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [id = std::move(id), status, actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        const auto known =
            tx.execute("UPDATE users SET status = :status, updated_at = :now WHERE id = :id",
                       {{"status", to_text(status)}, {"now", now}, {"id", id}});
        if (known != 1) return false;
        if (status == UserStatus::disabled) {
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
                                            TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [id = std::move(id), phc = std::move(phc), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        if (!replace_password(tx, id, phc, now)) return false;
        sql::end_all_sessions(tx, id, now);
        sql::revoke_all_grants(tx, id, now);
        tx.audit("user.password", actor, id, "", now);
        return true;
      });
}

Task<StoreResult<bool>> Store::sign_out_user(std::string id, Actor actor, TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [id = std::move(id), actor = std::move(actor), now](Transaction& tx) -> StoreResult<bool> {
        const auto known = tx.execute("UPDATE users SET updated_at = :now WHERE id = :id",
                                      {{"now", now}, {"id", id}});
        if (known != 1) return false;
        const auto ended = sql::end_all_sessions(tx, id, now);
        tx.audit("user.sign_out", actor, id, std::to_string(ended) + " sessions", now);
        return true;
      });
}

}  // namespace server::store

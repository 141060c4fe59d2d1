#include "server/store/sql/user_rows.h"

namespace server::store::sql {

namespace {

void insert_password(Transaction& tx, const std::string& user_id, const std::string& phc,
                     TimePoint now) {
  tx.execute(
      "INSERT INTO authenticators (id, user_id, kind, data, created_at, updated_at)"
      " VALUES (:id, :user_id, 'password', :data, :now, :now)",
      {{"id", tx.next_row()}, {"user_id", user_id}, {"data", phc}, {"now", now}});
}

}  // namespace

oidc::model::User read_user(const Rows& rows, std::size_t first_column) {
  oidc::model::User user;
  user.id = rows.text(first_column);
  // Whatever is not "active" is treated as disabled.
  user.status = rows.text(first_column + 1) == "active" ? oidc::model::UserStatus::active
                                                        : oidc::model::UserStatus::disabled;
  user.claims = rows.text(first_column + 2);
  user.created_at = rows.time(first_column + 3);
  user.updated_at = rows.time(first_column + 4);
  user.credentials_changed_at = rows.time(first_column + 5);
  return user;
}

void add_email(const Rows& rows, oidc::model::User& user) {
  constexpr std::size_t kAddress = sizeof(LATCHKEY_USER_TYPES) - 1;
  if (rows.is_null(kAddress)) return;
  user.emails.push_back({rows.text(kAddress), rows.text(kAddress + 1), rows.flag(kAddress + 2)});
}

std::vector<oidc::model::User> read_people(Rows rows) {
  std::vector<oidc::model::User> people;
  while (rows.next()) {
    if (people.empty() || people.back().id != rows.text(0)) people.push_back(read_user(rows, 0));
    add_email(rows, people.back());
  }
  return people;
}

std::optional<oidc::model::User> read_person(Rows rows) {
  std::optional<oidc::model::User> person;
  while (rows.next()) {
    if (!person) person = read_user(rows, 0);
    add_email(rows, *person);
  }
  return person;
}

void load_emails(Transaction& tx, oidc::model::User& user) {
  Rows rows = tx.query(
      "SELECT address, fold, verified FROM user_emails WHERE user_id = :id ORDER BY position",
      "tti", {{"id", user.id}});
  user.emails.clear();
  while (rows.next()) user.emails.push_back({rows.text(0), rows.text(1), rows.flag(2)});
}

void insert_user_rows(Transaction& tx, const NewUser& command, TimePoint now) {
  const auto& user = command.user;
  tx.execute(
      "INSERT INTO users (id, status, claims, created_at, updated_at, credentials_changed_at,"
      " signed_in_at) VALUES (:id, :status, :claims, :created_at, :now, :changed_at, NULL)",
      {{"id", user.id},
       {"status", user.is_active() ? "active" : "disabled"},
       {"claims", user.claims.empty() ? std::string_view("{}") : std::string_view(user.claims)},
       {"created_at", user.created_at == TimePoint{} ? now : user.created_at},
       {"now", now},
       {"changed_at",
        user.credentials_changed_at == TimePoint{} ? now : user.credentials_changed_at}});
  std::int64_t position = 0;
  for (const auto& email : user.emails) {
    if (!insert_email(tx, user.id, position++, email)) {
      throw SqlError(SqlFault::conflict, "an address of the new person is taken");
    }
  }
  if (!command.password_phc.empty()) insert_password(tx, user.id, command.password_phc, now);
}

bool insert_email(Transaction& tx, const std::string& user_id, std::int64_t position,
                  const oidc::model::EmailAddress& email) {
  return tx.execute(
             "INSERT INTO user_emails (fold, user_id, position, address, verified)"
             " VALUES (:fold, :user_id, :position, :address, :verified)"
             " ON CONFLICT (fold) DO NOTHING",
             {{"fold", email.fold},
              {"user_id", user_id},
              {"position", position},
              {"address", email.address},
              {"verified", email.verified}}) == 1;
}

void replace_password(Transaction& tx, const std::string& user_id, const std::string& phc,
                      TimePoint now) {
  tx.execute("UPDATE users SET credentials_changed_at = :now, updated_at = :now WHERE id = :id",
             {{"now", now}, {"id", user_id}});
  const auto replaced = tx.execute(
      "UPDATE authenticators SET data = :data, updated_at = :now"
      " WHERE user_id = :id AND kind = 'password'",
      {{"data", phc}, {"now", now}, {"id", user_id}});
  if (replaced == 0) insert_password(tx, user_id, phc, now);
}

std::int64_t revoke_all_grants(Transaction& tx, const std::string& user_id, TimePoint now) {
  return tx.execute(
      "UPDATE grants SET revoked_at = :now WHERE user_id = :id AND revoked_at IS NULL",
      {{"now", now}, {"id", user_id}});
}

}  // namespace server::store::sql

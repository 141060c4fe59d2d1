#include "server/store/sql/user_rows.h"

namespace server::store::sql {

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

void load_emails(Transaction& tx, oidc::model::User& user) {
  Rows rows = tx.query(
      "SELECT address, fold, verified FROM user_emails WHERE user_id = :id ORDER BY position",
      "tti", {{"id", user.id}});
  user.emails.clear();
  while (rows.next()) user.emails.push_back({rows.text(0), rows.text(1), rows.flag(2)});
}

std::int64_t revoke_all_grants(Transaction& tx, const std::string& user_id, TimePoint now) {
  return tx.execute(
      "UPDATE grants SET revoked_at = :now WHERE user_id = :id AND revoked_at IS NULL",
      {{"now", now}, {"id", user_id}});
}

}  // namespace server::store::sql

// Owns: rows of people as values, for every file that joins them.
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

// The columns a join selects, in this order, for read_user(): id, status, claims, created_at,
// updated_at, credentials_changed_at: "tttiii".
oidc::model::User read_user(const Rows& rows, std::size_t first_column);
// Fills `user.emails`, the primary one first.
void load_emails(Transaction& tx, oidc::model::User& user);

// SqlFault::conflict when an address or the id is taken.
void insert_user_rows(Transaction& tx, const NewUser& command, TimePoint now);
// False: somebody has that address.
bool insert_email(Transaction& tx, const std::string& user_id, std::int64_t position,
                  const oidc::model::EmailAddress& email);
// Also writes credentials_changed_at. Whoever calls it has locked the row of the person.
void replace_password(Transaction& tx, const std::string& user_id, const std::string& phc,
                      TimePoint now);

// Revokes every grant of this person, offline ones too.
std::int64_t revoke_all_grants(Transaction& tx, const std::string& user_id, TimePoint now);

}  // namespace server::store::sql

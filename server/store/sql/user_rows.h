// Owns: rows of people as values, for every file that joins them.
#pragma once
#include "server/store/sql/transaction.h"

// Pieces of SELECT literals, and so macros: the text of a statement is one constant.
// Six columns for read_user(), of a FROM that names users as u.
#define LATCHKEY_USER_COLUMNS \
  " u.id, u.status, u.claims, u.created_at, u.updated_at, u.credentials_changed_at"
#define LATCHKEY_USER_TYPES "tttiii"
// A person with all addresses, one row for each, so that one statement finds both: whether somebody
// is known or not then costs the same. The ORDER BY ends in m.position.
#define LATCHKEY_PERSON_COLUMNS LATCHKEY_USER_COLUMNS ", m.address, m.fold, m.verified"
#define LATCHKEY_PERSON_TYPES LATCHKEY_USER_TYPES "tti"
// Follows a FROM that names users as u.
#define LATCHKEY_PERSON_JOIN " LEFT JOIN user_emails m ON m.user_id = u.id"

namespace server::store::sql {

// Reads what LATCHKEY_USER_COLUMNS selected, from this column on. Without addresses.
oidc::model::User read_user(const Rows& rows, std::size_t first_column);
// Adds the address of a row that begins with LATCHKEY_PERSON_COLUMNS, if it has one.
void add_email(const Rows& rows, oidc::model::User& user);
// All rows that LATCHKEY_PERSON_COLUMNS selected; those of one person follow each other.
std::vector<oidc::model::User> read_people(Rows rows);
// The same for one person, or nobody.
std::optional<oidc::model::User> read_person(Rows rows);
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

// Owns: rows of clients as values, and the number of unverified ones, for every file that writes
// them.
#pragma once
#include "server/store/sql/transaction.h"

// Columns for read_client(), of a FROM that names clients as c.
#define LATCHKEY_CLIENT_COLUMNS                                                       \
  " c.client_secret_digest, c.client_secret_sealed, c.first_party, c.pkce_required,"  \
  " c.quarantined, c.registration_access_token_digest, c.created_at, c.login_method," \
  " c.self_signup, c.required_acr, c.updated_at"
#define LATCHKEY_CLIENT_TYPES "ttiiitititi"

namespace server::store::sql {

// Reads id, metadata, and then LATCHKEY_CLIENT_COLUMNS. Redirect URIs are rows of their own.
oidc::model::Client read_client(const Rows& rows);
void insert_client_rows(Transaction& tx, const oidc::model::Client& client, TimePoint now);
UpdateOutcome replace_client_rows(Transaction& tx, const oidc::model::Client& client,
                                  TimePoint now);

// The columns that only the operator writes. False: no such client, or it was removed.
bool write_sign_in_rules(Transaction& tx, const oidc::model::Client& client, TimePoint now);

// The number of unverified clients is the caller's: see discount_unverified().
VerifyOutcome verify_client_row(Transaction& tx, const std::string& client_id, TimePoint now);

// Adds one to the unverified clients, unless there are `most` already. The row that counts them
// stays locked, so that the number is exact whoever else registers.
bool count_unverified(Transaction& tx, std::int64_t most);
// Takes `removed` off. Comes last in its transaction: the rows of clients are locked before.
void discount_unverified(Transaction& tx, std::int64_t removed);
// What a stranger wrote about a client that was removed goes with it: only id and digests stay, so
// that the id is never given again. True when the client was unverified.
bool forget_unverified(Transaction& tx, const std::string& client_id);

// Removes unverified clients that were not used since `unused_since`; their ids.
std::vector<std::string> remove_unverified(Transaction& tx, TimePoint unused_since,
                                           std::int64_t most, TimePoint now);

}  // namespace server::store::sql

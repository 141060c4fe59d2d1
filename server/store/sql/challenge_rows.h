// Owns: how other transactions use up or close challenges by mail.
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

// The columns that answer a challenge at :now. A decoy has no person; only of a sign-up is the
// person not known yet.
#define LATCHKEY_CHALLENGE_OPEN            \
  " used_at IS NULL AND expires_at > :now" \
  " AND (user_id <> '' OR purpose = 'sign_up')"

// One UPDATE decides. False: used, expired, unknown, or of another purpose, person or address.
// `email_fold` empty: whatever the address.
bool use_challenge(Transaction& tx, std::int64_t row, oidc::model::ChallengePurpose purpose,
                   const std::string& user_id, const std::string& email_fold, TimePoint now);

// A mail that was sent before a password or address changed opens nothing any more.
void close_challenges(Transaction& tx, const std::string& user_id, TimePoint now);

}  // namespace server::store::sql

// Owns: which signing keys go, for the clean-up.
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

// Writes down which keys have begun or ceased to sign, and removes those that nothing needs any
// more; their number.
std::int64_t remove_expired_keys(Transaction& tx, TimePoint now);

}  // namespace server::store::sql

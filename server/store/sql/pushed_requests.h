// Owns: using up a pushed request inside a transaction.
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

// One UPDATE decides. False: unknown, of another client, or used before.
bool use_pushed_request(Transaction& tx, const OpaqueCredential& request,
                        const std::string& client_id, TimePoint now);

}  // namespace server::store::sql

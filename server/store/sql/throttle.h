// Owns: counting attempts inside a transaction.
#pragma once
#include <string>
#include <vector>

#include "server/store/sql/transaction.h"

namespace server::store::sql {

// Takes one attempt off each bucket that has any.
void give_back_attempts(Transaction& tx, std::vector<std::string> buckets);

}  // namespace server::store::sql

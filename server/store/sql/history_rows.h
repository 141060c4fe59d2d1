// Owns: a row of a person's history inside a transaction.
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

void insert_history(Transaction& tx, const std::string& user_id, const HistoryRow& row);

}  // namespace server::store::sql

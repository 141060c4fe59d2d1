// Owns: what goes with a client in the table of branding.
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

// False: there was no record.
bool delete_branding(Transaction& tx, const std::string& client_id);

}  // namespace server::store::sql

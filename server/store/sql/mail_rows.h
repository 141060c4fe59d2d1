// Owns: queueing a mail inside a transaction.
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

void insert_mail(Transaction& tx, const QueuedMail& mail, TimePoint now);

}  // namespace server::store::sql

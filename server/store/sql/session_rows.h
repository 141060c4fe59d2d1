// Owns: beginning a session inside a transaction that has checked the proof.
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

// Browser, session, history, notice, audit row; gives the attempts back. The row of the person is
// locked already.
void begin_session(Transaction& tx, const SignIn& command, const Actor& actor, TimePoint now);

}  // namespace server::store::sql

// Owns: rows of sessions as values, and beginning a session inside a transaction that has checked
// the proof.
#pragma once
#include "server/store/sql/transaction.h"

// Columns for read_session(), of a FROM that names sessions as s.
#define LATCHKEY_SESSION_COLUMNS                                                       \
  " s.id, s.sid, s.user_id, s.auth_time, s.amr, s.acr, s.created_at, s.last_seen_at, " \
  "s.expires_at,"                                                                      \
  " s.address, s.browser"
#define LATCHKEY_SESSION_TYPES "ittittiiitt"

namespace server::store::sql {

// Reads what LATCHKEY_SESSION_COLUMNS selected, from the first column on.
oidc::model::Session read_session(const Rows& rows);

// Browser, session, history, notice, audit row; gives the attempts back. The row of the person is
// locked already.
void begin_session(Transaction& tx, const SignIn& command, const Actor& actor, TimePoint now);

}  // namespace server::store::sql

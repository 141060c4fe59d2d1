// Owns: the one definition of a live grant, and how a grant and its person are read from a join.
#pragma once
#include "server/store/sql/user_rows.h"

// Pieces of SELECT literals, and so macros: the text of a statement is one constant.
// The grant, its person, and 1 when it is live at :now.
#define LATCHKEY_GRANT_COLUMNS                                                                  \
  " g.id, g.user_id, g.client_id, g.session_id, g.scope, g.offline_access, g.auth_time, g.amr," \
  " g.acr, g.sid, g.created_at, g.revoked_at, g.subject, g.claims, "                            \
  "g.resources," LATCHKEY_USER_COLUMNS                                                          \
  ","                                                                                           \
  " CASE WHEN g.revoked_at IS NULL AND u.status = 'active' AND c.removed_at IS NULL"            \
  " AND (g.offline_access = 1 OR (s.ended_at IS NULL AND s.expires_at > :now))"                 \
  " THEN 1 ELSE 0 END"
// Follows a FROM that names grants as g.
#define LATCHKEY_GRANT_JOINS                     \
  " JOIN users u ON u.id = g.user_id"            \
  " JOIN clients c ON c.client_id = g.client_id" \
  " LEFT JOIN sessions s ON s.id = g.session_id"
#define LATCHKEY_GRANT_TYPES "ittitiitttiittt" LATCHKEY_USER_TYPES "i"

namespace server::store::sql {

struct GrantRow {
  oidc::model::Grant grant;
  oidc::model::User user;  // without e-mail addresses: see load_emails()
  bool live = false;
};

// Reads what LATCHKEY_GRANT_COLUMNS selected, from this column on.
GrantRow read_grant(const Rows& rows, std::size_t first_column);
// Whether the grant is live, as this transaction sees it. False for an unknown one.
bool is_grant_live(Transaction& tx, std::int64_t grant_id, TimePoint now);
// Keeps the row of a grant at least until `until`. False when it is revoked or unknown; else the
// row stays locked, so that a revocation waits for this transaction. Writes only when the end
// moves.
bool keep_grant(Transaction& tx, std::int64_t grant_id, TimePoint until);

void insert_refresh(Transaction& tx, const oidc::model::RefreshToken& token, TimePoint now);

}  // namespace server::store::sql

#include "server/store/sql/live_grant.h"

#include "oidc/base/text.h"
#include "server/store/sql/user_rows.h"

namespace server::store::sql {

GrantRow read_grant(const Rows& rows, std::size_t first_column) {
  const std::size_t at = first_column;
  GrantRow row;
  row.grant.id = rows.number(at);
  row.grant.user_id = rows.text(at + 1);
  row.grant.client_id = rows.text(at + 2);
  row.grant.session_id = rows.maybe_number(at + 3);
  row.grant.scope = rows.text(at + 4);
  row.grant.offline_access = rows.flag(at + 5);
  row.grant.auth_time = rows.time(at + 6);
  row.grant.amr = rows.text(at + 7);
  row.grant.acr = rows.text(at + 8);
  row.grant.sid = rows.text(at + 9);
  row.grant.created_at = rows.time(at + 10);
  row.grant.revoked_at = rows.maybe_time(at + 11);
  row.grant.subject = rows.text(at + 12);
  // Grants from before there were pairwise subjects say nothing.
  if (row.grant.subject.empty()) row.grant.subject = row.grant.user_id;
  row.grant.claims = rows.text(at + 13);
  row.grant.resources = oidc::split_words(rows.text(at + 14));
  row.user = read_user(rows, at + 15);
  row.live = rows.flag(at + 21);
  return row;
}

bool is_grant_live(Transaction& tx, std::int64_t grant_id, TimePoint now) {
  Rows rows = tx.query("SELECT" LATCHKEY_GRANT_COLUMNS " FROM grants g" LATCHKEY_GRANT_JOINS
                       " WHERE g.id = :id",
                       LATCHKEY_GRANT_TYPES, {{"now", now}, {"id", grant_id}});
  return rows.next() && read_grant(rows, 0).live;
}

namespace {

// SQLite's one writer needs no lock. PostgreSQL's is the one that an UPDATE takes: with a shared
// one two transactions that both had to write would wait for each other.
std::optional<TimePoint> lock_grant(Transaction& tx, std::int64_t grant_id) {
  const bool is_postgresql = tx.dialect() == Dialect::postgresql;
  Rows rows = is_postgresql
                  ? tx.query(
                        "SELECT expires_at FROM grants WHERE id = :id AND revoked_at IS NULL"
                        " FOR NO KEY UPDATE",
                        "i", {{"id", grant_id}})
                  : tx.query("SELECT expires_at FROM grants WHERE id = :id AND revoked_at IS NULL",
                             "i", {{"id", grant_id}});
  if (!rows.next()) return std::nullopt;
  return rows.time(0);
}

}  // namespace

bool keep_grant(Transaction& tx, std::int64_t grant_id, TimePoint until) {
  const auto expires_at = lock_grant(tx, grant_id);
  if (!expires_at) return false;
  if (*expires_at < until) {
    tx.execute("UPDATE grants SET expires_at = :until WHERE id = :id",
               {{"until", until}, {"id", grant_id}});
  }
  return true;
}

void insert_refresh(Transaction& tx, const oidc::model::RefreshToken& token, TimePoint now) {
  tx.execute(
      "INSERT INTO refresh_tokens (id, digest, grant_id, client_id, scope, parent_row, created_at,"
      " expires_at, absolute_expires_at, used_at, successor_row, successor_sealed)"
      " VALUES (:id, :digest, :grant_id, :client_id, :scope, :parent_row, :created_at, :expires_at,"
      " :absolute_expires_at, NULL, NULL, NULL)",
      {{"id", token.stored.row},
       {"digest", token.stored.digest},
       {"grant_id", token.grant_id},
       {"client_id", token.client_id},
       {"scope", token.scope},
       {"parent_row", token.parent_row},
       {"created_at", token.created_at == TimePoint{} ? now : token.created_at},
       {"expires_at", token.expires_at},
       {"absolute_expires_at", token.absolute_expires_at}});
}

}  // namespace server::store::sql

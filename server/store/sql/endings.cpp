#include "server/store/sql/endings.h"

namespace server::store::sql {

std::vector<EndedSessionClient> queue_logout_deliveries(Transaction& tx, std::int64_t ending,
                                                        TimePoint now) {
  std::vector<EndedSessionClient> served;
  std::vector<std::string> addresses;
  {
    Rows rows = tx.query(
        "SELECT k.client_id, s.sid, CASE WHEN k.subject = '' THEN s.user_id ELSE k.subject END,"
        " c.backchannel_logout_uri FROM sessions s"
        " JOIN session_clients k ON k.session_id = s.id"
        " JOIN clients c ON c.client_id = k.client_id AND c.removed_at IS NULL"
        " WHERE s.ending = :ending ORDER BY s.id, k.client_id",
        "tttt", {{"ending", ending}});
    while (rows.next()) {
      served.push_back({rows.text(0), rows.text(1), rows.text(2)});
      addresses.push_back(rows.text(3));
    }
  }
  for (std::size_t i = 0; i < served.size(); ++i) {
    if (addresses[i].empty()) continue;
    tx.execute(
        "INSERT INTO logout_deliveries (id, client_id, uri, sid, subject, state, attempts,"
        " last_result, created_at, next_attempt_at, finished_at)"
        " VALUES (:id, :client_id, :uri, :sid, :subject, 'queued', 0, '', :now, :now, NULL)",
        {{"id", tx.next_row()},
         {"client_id", served[i].client_id},
         {"uri", addresses[i]},
         {"sid", served[i].sid},
         {"subject", served[i].subject},
         {"now", now}});
  }
  return served;
}

std::int64_t end_all_sessions(Transaction& tx, const std::string& user_id, TimePoint now) {
  const std::int64_t ending = tx.next_row();
  const auto ended = tx.execute(
      "UPDATE sessions SET ended_at = :now, ending = :ending"
      " WHERE user_id = :id AND ended_at IS NULL",
      {{"now", now}, {"ending", ending}, {"id", user_id}});
  if (ended > 0) queue_logout_deliveries(tx, ending, now);
  return ended;
}

}  // namespace server::store::sql

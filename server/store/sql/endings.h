// Owns: what every ending of sessions has in common: the clients they served, and the back-channel
// deliveries those are owed (OpenID Connect Back-Channel Logout §2.5).
#pragma once
#include "server/store/sql/transaction.h"

namespace server::store::sql {

// The clients that the sessions with this `ending` served; queues a delivery for each that has a
// back-channel address. Comes after the UPDATE that ended them: issue_code() holds the session's
// row while it adds a client, so whatever it added is seen here.
std::vector<EndedSessionClient> queue_logout_deliveries(Transaction& tx, std::int64_t ending,
                                                        TimePoint now);

// Ends all sessions of this person and queues the deliveries. The number that were
// live.
std::int64_t end_all_sessions(Transaction& tx, const std::string& user_id, TimePoint now);

}  // namespace server::store::sql

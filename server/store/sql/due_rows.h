// Owns: finding what is due in a queue that is kept in a table, for whoever then takes it row by
// row. Nothing is taken here: another node may be faster.
#pragma once
#include <algorithm>

#include "server/store/sql/state.h"

namespace server::store::sql {

// The ids that `statement` selects with :now and :most, ascending, so that two nodes lock rows in
// one order. A read: nearly always nothing is due.
template <class State>
Task<StoreResult<std::vector<std::int64_t>>> find_due(State& state, Sql statement, int limit,
                                                      TimePoint now) {
  co_return co_await submit<std::vector<std::int64_t>>(
      state, Access::read,
      [statement, most = std::clamp(limit, 0, 1'000),
       now](Transaction& tx) -> StoreResult<std::vector<std::int64_t>> {
        std::vector<std::int64_t> ids;
        Rows rows = tx.query(statement, "i", {{"now", now}, {"most", most}});
        while (rows.next()) ids.push_back(rows.number(0));
        std::ranges::sort(ids);
        return ids;
      });
}

// Until when a row that is taken at `now` is nobody else's.
inline TimePoint lease_end(std::chrono::milliseconds lease, TimePoint now) {
  return now + std::max(lease, std::chrono::milliseconds(1));
}

}  // namespace server::store::sql

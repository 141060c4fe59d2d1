// Owns: taking what is due from a queue that is kept in a table: found by a read, then taken row by
// row, because another node may be faster.
#pragma once
#include <algorithm>
#include <optional>
#include <utility>

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

// Takes the rows that find_due() finds with `statement`. `take` (Transaction&, id, until, now)
// gives the row, which is nobody else's before `until` then; or nothing, when it was not to be had.
template <class Row, class State>
Task<StoreResult<std::vector<Row>>> take_due(State& state, Sql statement, int limit,
                                             std::chrono::milliseconds lease, TimePoint now,
                                             std::optional<Row> (*take)(Transaction&, std::int64_t,
                                                                        TimePoint, TimePoint)) {
  auto due = co_await find_due(state, statement, limit, now);
  if (!due) co_return std::unexpected(due.error());
  if (due->empty()) co_return std::vector<Row>();
  const auto until = now + std::max(lease, std::chrono::milliseconds(1));
  co_return co_await submit<std::vector<Row>>(
      state, Access::write,
      [ids = std::move(*due), until, now, take](Transaction& tx) -> StoreResult<std::vector<Row>> {
        std::vector<Row> taken;
        for (const std::int64_t id : ids) {
          if (auto row = take(tx, id, until, now)) taken.push_back(std::move(*row));
        }
        return taken;
      });
}

}  // namespace server::store::sql

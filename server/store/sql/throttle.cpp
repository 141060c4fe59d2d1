#include "server/store/sql/throttle.h"

#include <algorithm>

#include "server/store/sql/state.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace sql {

void give_back_attempts(Transaction& tx, std::vector<std::string> buckets) {
  std::ranges::sort(buckets);  // as in reserve_attempt(): rows are locked in one order
  for (const auto& bucket : buckets) {
    tx.execute("UPDATE throttle SET count = count - 1 WHERE bucket = :bucket AND count > 0",
               {{"bucket", bucket}});
  }
}

}  // namespace sql

namespace {

// Counts one attempt; what the bucket then holds.
std::pair<std::int64_t, TimePoint> count_attempt(Transaction& tx, const std::string& bucket,
                                                 TimePoint window_end, TimePoint now) {
  tx.execute(
      "INSERT INTO throttle (bucket, count, window_ends_at) VALUES (:bucket, 1, :window_end)"
      " ON CONFLICT (bucket) DO UPDATE SET"
      " count = CASE WHEN throttle.window_ends_at <= :now THEN 1 ELSE throttle.count + 1 END,"
      " window_ends_at = CASE WHEN throttle.window_ends_at <= :now THEN excluded.window_ends_at"
      " ELSE throttle.window_ends_at END",
      {{"bucket", bucket}, {"window_end", window_end}, {"now", now}});
  Rows rows = tx.query("SELECT count, window_ends_at FROM throttle WHERE bucket = :bucket", "ii",
                       {{"bucket", bucket}});
  if (!rows.next()) throw sql::SqlError(sql::SqlFault::failed, "a throttle row is gone");
  return {rows.number(0), rows.time(1)};
}

}  // namespace

Task<StoreResult<Reservation>> Store::reserve_attempt(std::vector<Bucket> buckets,
                                                      std::chrono::milliseconds window,
                                                      TimePoint now) {
  std::ranges::sort(buckets, {}, &Bucket::name);
  co_return co_await sql::submit<Reservation>(
      *state_, Access::write,
      [buckets = std::move(buckets), window, now](Transaction& tx) -> StoreResult<Reservation> {
        Reservation reservation{.allowed = true};
        for (const auto& bucket : buckets) {
          const auto span = bucket.window.count() > 0 ? bucket.window : window;
          const auto [count, window_end] = count_attempt(tx, bucket.name, now + span, now);
          if (count <= bucket.limit) continue;
          reservation.allowed = false;
          reservation.full.push_back(bucket.name);
          reservation.retry_at = std::max(reservation.retry_at, window_end);
        }
        if (!reservation.allowed) tx.discard();
        return reservation;
      });
}

Task<StoreResult<void>> Store::give_back(std::vector<std::string> buckets) {
  co_return co_await sql::submit<void>(
      *state_, Access::write, [buckets = std::move(buckets)](Transaction& tx) -> StoreResult<void> {
        sql::give_back_attempts(tx, buckets);
        return {};
      });
}

}  // namespace server::store

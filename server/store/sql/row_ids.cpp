#include "server/store/sql/row_ids.h"

#include <chrono>

namespace server::store::sql {

std::int64_t RowIds::next() {
  constexpr std::chrono::sys_days kEpoch{std::chrono::year{2025} / 1 / 1};
  constexpr std::uint64_t kMillisMask = (std::uint64_t{1} << 41) - 1;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now() - kEpoch);
  const auto now = static_cast<std::uint64_t>(elapsed.count() < 1 ? 1 : elapsed.count());
  std::uint64_t last = last_.load(std::memory_order_relaxed);
  std::uint64_t mine;
  do {
    mine = now << 12 > last ? now << 12 : last + 1;
  } while (!last_.compare_exchange_weak(last, mine, std::memory_order_relaxed));
  const std::uint64_t millis = (mine >> 12) & kMillisMask;
  return static_cast<std::int64_t>(millis << 22 | node_ << 12 | (mine & 0xfff));
}

}  // namespace server::store::sql

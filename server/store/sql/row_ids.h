// Owns: keys of transient rows: 41 bits of milliseconds since 2025-01-01, 10 bits of node number,
// 12 bits of counter. They rise with time, so that tables grow at one end, and two nodes never
// collide.
#pragma once
#include <atomic>
#include <cstdint>

namespace server::store::sql {

class RowIds {
 public:
  // `node` is taken modulo 1024.
  explicit RowIds(std::int64_t node) : node_(static_cast<std::uint64_t>(node) % 1024) {}
  // Never the same twice; ahead of the clock when more than 4096 are taken in a millisecond, or
  // when the clock is set back.
  std::int64_t next();

 private:
  const std::uint64_t node_;
  std::atomic<std::uint64_t> last_{0};  // milliseconds << 12 | counter
};

}  // namespace server::store::sql

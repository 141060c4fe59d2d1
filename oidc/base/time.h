// Owns: the one notion of time. Pure code never reads a clock: `now` is passed in.
#pragma once
#include <chrono>
#include <cstdint>

namespace oidc {

// Milliseconds since 1970-01-01 UTC, as stored in the database.
using TimePoint = std::chrono::sys_time<std::chrono::milliseconds>;

inline std::int64_t to_millis(TimePoint t) {
  return t.time_since_epoch().count();
}
inline TimePoint from_millis(std::int64_t ms) {
  return TimePoint(std::chrono::milliseconds(ms));
}
// NumericDate of RFC 7519 §2: whole seconds.
inline std::int64_t to_seconds(TimePoint t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

}  // namespace oidc

#include "server/app/clock.h"

#include <ctime>

namespace server::app {

oidc::TimePoint clock_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string utc_text(oidc::TimePoint at) {
  const std::time_t seconds = oidc::to_seconds(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  const auto size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, size};
}

}  // namespace server::app

// Owns: the wall clock, and a time as operators read it.
#pragma once
#include <string>

#include "oidc/base/time.h"

namespace server::app {
// In milliseconds.
oidc::TimePoint clock_now();
// "2026-11-21T12:00:00Z"
std::string utc_text(oidc::TimePoint at);
}  // namespace server::app

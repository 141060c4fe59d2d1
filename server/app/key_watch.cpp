#include "server/app/key_watch.h"

#include "server/app/clock.h"
#include "server/observe/log.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

using std::chrono::milliseconds;

// A node that notices within a second announces a key in time, whatever jwks_cache is.
constexpr milliseconds kInterval{500};

}  // namespace

KeyWatch::KeyWatch(keys::KeyRing& keys, store::Store& store, std::function<void()> on_change)
    : keys_(keys), store_(store), on_change_(std::move(on_change)) {
  thread_ = std::make_unique<Periodic>("keys", kInterval, [this] { look(); });
}

void KeyWatch::look() {
  const auto changed = runtime::run_blocking(keys_.refresh(store_, clock_now()));
  if (!changed && was_good_) {
    observe::log_error("keys_not_refreshed", {{"detail", changed.error()}});
  }
  was_good_ = changed.has_value();
  const bool has_changed = changed && *changed;
  if (has_changed) {
    observe::log_info(
        "keys_changed",
        {{"published", static_cast<std::int64_t>(keys_.verification_keys()->size())}});
  }
  if (has_changed || had_changed_) on_change_();
  had_changed_ = has_changed;
}

}  // namespace server::app

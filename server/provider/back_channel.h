// Owns: telling applications of ended sessions (OpenID Connect Back-Channel Logout 1.0 §2.5 to
// §2.8): takes what is due from the ledger every second and posts a logout token for each, again
// later when that failed. What is queued stands in the database, so nothing is lost with the
// process; an application may be told twice, and the `jti` differs then.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "server/provider/provider.h"
#include "server/runtime/crew.h"

namespace server::provider {

// After that many attempts: 10 s, 1 min, 10 min, 1 h, 6 h; nothing after the sixth.
std::optional<std::chrono::milliseconds> retry_delay(std::int64_t attempts);

class BackChannel {
 public:
  // Starts at once. `provider` must outlive this.
  explicit BackChannel(const Provider& provider);
  // Waits for what is under way: call provider.outbound.stop() before, and it ends soon.
  ~BackChannel();
  BackChannel(const BackChannel&) = delete;

 private:
  void loop();
  // Hands what is due to the crew. False when the database cannot be asked.
  bool take_due();
  void deliver(const store::LogoutDelivery& delivery);

  const Provider& provider_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  runtime::Crew crew_;
  std::thread thread_;
};

}  // namespace server::provider

// Owns: sending what waits in the queue: takes it from the database under a lease, hands it to the
// carrier, writes down how it went, and tries again later. What is queued stands in the database,
// so nothing is lost with the process. When a server dies between a mail server's "accepted" and
// the note of it, the mail goes out once more, with the same Message-ID: SMTP cannot tell.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "server/keys/key_ring.h"
#include "server/mail/carrier.h"
#include "server/observe/metrics.h"
#include "server/runtime/crew.h"
#include "server/store/store.h"

namespace server::mail {

// Until the next attempt, after that many: 30 s, 2 min, 10 min, then each hour.
std::chrono::milliseconds retry_delay(std::int64_t attempts);
// How long nothing is tried when the mail server could not be reached that often in a row: 2 s,
// doubled up to 30 s.
std::chrono::milliseconds outage_pause(std::int64_t times);

struct CourierParts {
  store::Store& store;
  const keys::KeyRing& keys;
  observe::ServerMetrics& metrics;
  std::function<oidc::TimePoint()> now;
};

class Courier {
 public:
  // Starts at once. The parts must outlive this.
  Courier(CourierParts parts, std::unique_ptr<Carrier> carrier);
  ~Courier();  // Stops the carrier and waits for what is under way.
  Courier(const Courier&) = delete;

 private:
  void loop();
  bool waits_no_more() const;
  // Hands what is due to the crew. False when the database cannot be asked.
  bool take_due();
  void deliver(const store::MailRow& row);
  outbound::SmtpResult carry(const store::MailRow& row);
  void settle(const store::MailRow& row, const outbound::SmtpResult& result);
  // When a mail that could not be sent is tried again.
  oidc::TimePoint next_attempt(const store::MailRow& row, outbound::SmtpOutcome outcome);

  const CourierParts parts_;
  const std::unique_ptr<Carrier> carrier_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool more_ = false;  // there was more than could be taken
  std::int64_t outages_ = 0;
  std::chrono::steady_clock::time_point paused_until_{};
  runtime::Crew crew_;
  std::thread thread_;
};

}  // namespace server::mail

#include "server/mail/courier.h"

#include <pthread.h>

#include <algorithm>
#include <array>

#include "server/mail/outbox.h"
#include "server/observe/log.h"
#include "server/runtime/run_blocking.h"

namespace server::mail {
namespace {

using outbound::SmtpOutcome;
using outbound::SmtpResult;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 4;
constexpr milliseconds kPause{500};
// Longer than a message can take, because only as many are taken as threads are free. When this
// process dies meanwhile, another one takes over after it.
constexpr std::chrono::seconds kLease{45};

store::MailResult ledger_result(SmtpOutcome outcome) {
  switch (outcome) {
    case SmtpOutcome::accepted:
      return store::MailResult::accepted;
    case SmtpOutcome::refused_address:
      return store::MailResult::bounced;
    case SmtpOutcome::refused:
      return store::MailResult::failed;
    case SmtpOutcome::retry:
    case SmtpOutcome::unreachable:
    case SmtpOutcome::interrupted:
      return store::MailResult::retry;
  }
  return store::MailResult::retry;
}

std::string_view metric_of(SmtpOutcome outcome) {
  switch (outcome) {
    case SmtpOutcome::accepted:
      return "accepted";
    case SmtpOutcome::refused_address:
      return "bounced";
    case SmtpOutcome::refused:
      return "failed";
    case SmtpOutcome::retry:
      return "retried";
    case SmtpOutcome::unreachable:
      return "unreachable";
    case SmtpOutcome::interrupted:
      return "interrupted";
  }
  return "";
}

}  // namespace

milliseconds retry_delay(std::int64_t attempts) {
  constexpr std::array<milliseconds, 4> kDelays = {std::chrono::seconds(30),
                                                   std::chrono::minutes(2),
                                                   std::chrono::minutes(10), std::chrono::hours(1)};
  const auto last = static_cast<std::int64_t>(kDelays.size());
  return kDelays[static_cast<std::size_t>(std::clamp<std::int64_t>(attempts, 1, last) - 1)];
}

milliseconds outage_pause(std::int64_t times) {
  constexpr milliseconds kMost = std::chrono::seconds(30);
  milliseconds pause = std::chrono::seconds(2);
  for (std::int64_t i = 1; i < times && pause < kMost; ++i) pause *= 2;
  return std::min(kMost, pause);
}

Courier::Courier(CourierParts parts, std::unique_ptr<Carrier> carrier)
    : parts_(std::move(parts)),
      carrier_(std::move(carrier)),
      crew_(
          "mail", kAtOnce, kAtOnce,
          [](std::string_view what) {
            // The lease ends by itself, and it is tried again.
            observe::log_error("mail_delivery_failed", {{"detail", what}});
          },
          [this] {
            // Under the lock, so that it is not missed just before the wait.
            const std::lock_guard lock(mutex_);
            wake_.notify_all();
          }),
      thread_([this] { loop(); }) {}

Courier::~Courier() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  carrier_->stop();
  thread_.join();
}

bool Courier::waits_no_more() const {
  return stopping_ ||
         (more_ && crew_.under_way() < kAtOnce && steady_clock::now() >= paused_until_);
}

void Courier::loop() {
  pthread_setname_np(pthread_self(), "mail-queue");
  bool failing = false;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait_for(lock, kPause, [this] { return waits_no_more(); });
    if (stopping_) return;
    if (steady_clock::now() < paused_until_) continue;
    lock.unlock();
    bool good = false;
    try {
      good = take_due();
      if (!good && !failing) observe::log_warn("mail_queue_unreadable");
    } catch (const std::exception& error) {
      observe::log_error("mail_queue_failed", {{"detail", error.what()}});
    }
    failing = !good;
    lock.lock();
  }
}

bool Courier::take_due() {
  std::size_t places = kAtOnce;
  {
    const std::lock_guard lock(mutex_);
    // After an outage one mail tries for all.
    if (outages_ > 0) places = 1;
    more_ = false;
  }
  const auto under_way = crew_.under_way();
  if (under_way >= places) return true;
  const auto room = places - under_way;
  auto due =
      runtime::run_blocking(parts_.store.take_mail(static_cast<int>(room), kLease, parts_.now()));
  if (!due) return false;
  {
    const std::lock_guard lock(mutex_);
    more_ = due->size() == room;
  }
  // What the crew does not take is brought back by its lease.
  for (auto& row : *due) {
    crew_.post([this, row = std::move(row)] { deliver(row); });
  }
  return true;
}

SmtpResult Courier::carry(const store::MailRow& row) {
  const auto message = open_queued(parts_.keys, row);
  if (!message) return {SmtpOutcome::refused, "unreadable", "The row cannot be opened."};
  return carrier_->carry(*message, row.id);
}

void Courier::deliver(const store::MailRow& row) {
  if (row.attempts <= 1) parts_.metrics.mail("queued");
  settle(row, carry(row));
}

oidc::TimePoint Courier::next_attempt(const store::MailRow& row, SmtpOutcome outcome) {
  if (outcome == SmtpOutcome::interrupted) return parts_.now();
  if (outcome != SmtpOutcome::unreachable) return parts_.now() + retry_delay(row.attempts);
  // It is not this mail's fault: it goes as soon as the server is back.
  const std::lock_guard lock(mutex_);
  const auto pause = outage_pause(++outages_);
  paused_until_ = steady_clock::now() + pause;
  return parts_.now() + pause;
}

void Courier::settle(const store::MailRow& row, const SmtpResult& result) {
  const auto retry_at = next_attempt(row, result.outcome);
  if (result.outcome != SmtpOutcome::unreachable && result.outcome != SmtpOutcome::interrupted) {
    const std::lock_guard lock(mutex_);
    outages_ = 0;
  }
  parts_.metrics.mail(metric_of(result.outcome));
  const auto address = log_name(parts_.keys, row.address_fold);
  if (result.outcome == SmtpOutcome::accepted) {
    observe::log_info("mailer.sent", {{"kind", row.kind}, {"address", address}, {"mail", row.id}});
  } else {
    observe::log_warn("mailer.smtp_failed", {{"kind", row.kind},
                                             {"address", address},
                                             {"mail", row.id},
                                             {"attempt", row.attempts},
                                             {"outcome", metric_of(result.outcome)},
                                             {"reply", result.code}});
  }
  auto kept = runtime::run_blocking(parts_.store.finish_mail(
      row.id, ledger_result(result.outcome), result.said.empty() ? result.code : result.said,
      retry_at, parts_.now()));
  if (!kept) {
    // An accepted mail goes out twice then, with one Message-ID.
    observe::log_error("mail_result_not_kept", {{"mail", row.id}});
  } else if (result.outcome == SmtpOutcome::refused_address) {
    observe::log_warn("mailer.suppressed", {{"address", address}, {"reply", result.code}});
  }
}

}  // namespace server::mail

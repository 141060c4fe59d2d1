#include "server/provider/back_channel.h"

#include <pthread.h>

#include <array>

#include "oidc/base/form.h"
#include "oidc/base/text.h"
#include "oidc/crypto/random.h"
#include "oidc/jose/algorithm.h"
#include "oidc/token/logout_token.h"
#include "server/observe/log.h"
#include "server/runtime/run_blocking.h"

namespace server::provider {
namespace {

using std::chrono::milliseconds;

// Threads, each of which waits for one application.
constexpr std::size_t kAtOnce = 8;
// Taken at a time, so that none waits for long after it was taken.
constexpr std::size_t kMostTaken = 16;
constexpr std::chrono::seconds kPause{1};
constexpr std::size_t kMostResultBytes = 200;

struct Attempt {
  enum class Outcome { delivered, retry, failed, interrupted };
  Outcome outcome = Outcome::retry;
  std::string result;  // for the ledger
};

// The algorithm of the client's ID tokens; one that takes unsigned ones gets RS256: a logout token
// is never unsigned (§2.4).
oidc::jose::Algorithm algorithm_of(const oidc::model::Client& client) {
  return oidc::jose::parse_algorithm(client.id_token_signed_response_alg)
      .value_or(oidc::jose::Algorithm::RS256);
}

std::optional<std::string> logout_token(const Provider& provider, const oidc::model::Client& client,
                                        const store::LogoutDelivery& delivery) {
  const auto jti = oidc::crypto::random_id();
  const auto claims = oidc::token::logout_token_claims({.issuer = provider.issuer,
                                                        .client_id = client.client_id,
                                                        .jti = jti,
                                                        .subject = delivery.subject,
                                                        .sid = delivery.sid,
                                                        .now = provider.now()});
  return provider.keys.sign(algorithm_of(client), oidc::token::kLogoutTokenType, claims);
}

Attempt judge(const std::expected<outbound::OutboundAnswer, outbound::OutboundError>& answer) {
  using Outcome = Attempt::Outcome;
  if (!answer) {
    const bool stopped = answer.error().fault == outbound::OutboundFault::stopped;
    return {stopped ? Outcome::interrupted : Outcome::retry, answer.error().detail};
  }
  std::string result = "HTTP " + std::to_string(answer->status);
  if (answer->status / 100 == 2) return {Outcome::delivered, std::move(result)};
  // §2.8: the application says that the token is no good, and would say so again.
  if (answer->status == 400) return {Outcome::failed, std::move(result)};
  return {Outcome::retry, std::move(result)};
}

runtime::Task<Attempt> attempt(const Provider& provider, store::LogoutDelivery delivery) {
  using Outcome = Attempt::Outcome;
  auto client = co_await provider.store.find_client(delivery.client_id, provider.now());
  if (!client) co_return Attempt{Outcome::retry, "the database did not answer"};
  if (!*client) co_return Attempt{Outcome::failed, "the application was removed"};
  const auto token = logout_token(provider, **client, delivery);
  if (!token) co_return Attempt{Outcome::retry, "the logout token could not be signed"};
  oidc::Form form;
  form.set("logout_token", *token);
  outbound::OutboundRequest request;
  request.method = outbound::OutboundRequest::Method::post_form;
  request.url = delivery.uri;
  request.body = form.encode();
  request.most_bytes = 16'384;
  // What a stranger registered is fetched in the strangers' half.
  request.share = (*client)->quarantined ? outbound::Share::strangers : outbound::Share::own;
  co_return judge(co_await provider.outbound.send(std::move(request)));
}

// Writes down how it went.
runtime::Task<store::StoreResult<void>> settle(const Provider& provider,
                                               store::LogoutDelivery delivery, Attempt done) {
  using Outcome = Attempt::Outcome;
  std::string result = oidc::to_description(done.result).substr(0, kMostResultBytes);
  const auto now = provider.now();
  std::optional<oidc::TimePoint> retry_at;
  if (done.outcome == Outcome::interrupted) retry_at = now;
  if (done.outcome == Outcome::retry) {
    if (const auto delay = retry_delay(delivery.attempts)) retry_at = now + *delay;
  }
  const bool delivered = done.outcome == Outcome::delivered;
  provider.metrics.logout_delivery(delivered ? "delivered" : retry_at ? "retried" : "failed");
  if (delivered) {
    observe::log_info("logout_delivered", {{"client_id", delivery.client_id}});
  } else {
    observe::log_warn(
        retry_at ? "logout_not_delivered" : "logout_delivery_given_up",
        {{"client_id", delivery.client_id}, {"attempt", delivery.attempts}, {"detail", result}});
  }
  co_return co_await provider.store.finish_logout_delivery(delivery.id, delivered,
                                                           std::move(result), retry_at, now);
}

}  // namespace

std::optional<milliseconds> retry_delay(std::int64_t attempts) {
  constexpr std::array<milliseconds, 5> kDelays = {
      std::chrono::seconds(10), std::chrono::minutes(1), std::chrono::minutes(10),
      std::chrono::hours(1), std::chrono::hours(6)};
  if (attempts < 1) return kDelays.front();
  if (attempts > static_cast<std::int64_t>(kDelays.size())) return std::nullopt;
  return kDelays[static_cast<std::size_t>(attempts - 1)];
}

BackChannel::BackChannel(const Provider& provider)
    : provider_(provider),
      crew_("logout", kAtOnce, kMostTaken,
            [](std::string_view what) {
              observe::log_error("logout_delivery_failed", {{"detail", what}});
            }),
      thread_([this] { loop(); }) {}

BackChannel::~BackChannel() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void BackChannel::loop() {
  pthread_setname_np(pthread_self(), "logout-queue");
  bool failing = false;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kPause, [this] { return stopping_; })) {
    lock.unlock();
    bool good = false;
    try {
      good = take_due();
      if (!good && !failing) observe::log_warn("logout_queue_unreadable");
    } catch (const std::exception& error) {
      observe::log_error("logout_queue_failed", {{"detail", error.what()}});
    }
    failing = !good;
    lock.lock();
  }
}

bool BackChannel::take_due() {
  const auto room = kMostTaken - crew_.under_way();
  if (room == 0) return true;
  // Until then nobody else tries it. It covers the wait for a thread and the attempt; when this
  // process dies meanwhile, or the crew does not take it, it is due again after it.
  const auto lease = 4 * provider_.config.outbound_timeout + std::chrono::seconds(5);
  auto due = runtime::run_blocking(
      provider_.store.take_logout_deliveries(static_cast<int>(room), lease, provider_.now()));
  if (!due) return false;
  for (auto& delivery : *due) {
    crew_.post([this, delivery = std::move(delivery)] { deliver(delivery); });
  }
  return true;
}

void BackChannel::deliver(const store::LogoutDelivery& delivery) {
  auto done = runtime::run_blocking(attempt(provider_, delivery));
  // When this fails, the lease ends by itself and the application is told once more.
  if (!runtime::run_blocking(settle(provider_, delivery, std::move(done)))) {
    observe::log_warn("logout_result_not_kept", {{"client_id", delivery.client_id}});
  }
}

}  // namespace server::provider

#include "server/app/janitor.h"

#include "server/app/clock.h"
#include "server/observe/log.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSecond{1'000};
constexpr int kSecondsBetweenCleanings = 30;

}  // namespace

Janitor::Janitor(store::Store& store, observe::EventRing& failures, milliseconds unverified_kept)
    : store_(store), failures_(failures), unverified_kept_(unverified_kept) {
  thread_ = std::make_unique<Periodic>("janitor", kSecond, [this] {
    flush();
    if (++second_ % kSecondsBetweenCleanings == 0) clean();
  });
}

Janitor::~Janitor() {
  thread_.reset();
  flush();
}

void Janitor::flush() {
  while (true) {
    auto batch = failures_.take(200);
    if (batch.empty()) return;
    std::vector<store::FailureRow> rows;
    rows.reserve(batch.size());
    for (const auto& e : batch) {
      rows.push_back({.id = e.id,
                      .at = e.at,
                      .kind = e.kind,
                      .rule = e.rule,
                      .expected = e.expected,
                      .received = e.received,
                      .client_id = e.client_id,
                      .source = e.source,
                      .route = e.route,
                      .status = e.status});
    }
    if (!runtime::run_blocking(store_.insert_failures(std::move(rows)))) {
      failures_.give_back(std::move(batch));
      return;
    }
  }
}

void Janitor::clean() {
  // Small batches, so that sign-ins never wait for long.
  for (int round = 0; round < 20; ++round) {
    const auto removed =
        runtime::run_blocking(store_.remove_expired(clock_now(), 500, unverified_kept_));
    if (!removed) {
      observe::log_warn("cleanup_failed", {{"detail", removed.error().detail}});
      return;
    }
    if (*removed == 0) return;
  }
}

}  // namespace server::app

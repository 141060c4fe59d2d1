// Owns: the failures that wait to be written to the database, which `latchkey explain ID` reads.
// Bounded in all and per source, so that a flood of bad requests costs neither memory nor disk.
// Does not write: a consumer takes batches.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "oidc/base/time.h"

namespace server::observe {

// Texts are cut at 512 bytes and made clean UTF-8 without control characters, because the database
// takes nothing else. No secrets.
struct FailureEvent {
  std::string id;  // make_event_id()
  oidc::TimePoint at;
  std::string kind;      // "authorize", "token", "sign_in", …
  std::string rule;      // the rule that decided
  std::string expected;  // what it wanted
  std::string received;  // what it got
  std::string client_id;
  std::string source;  // address of the peer; give IPv6 as its /64
  std::string route;   // pattern of the route table
  int status = 0;
};

class EventRing {
 public:
  struct Limits {
    std::size_t capacity = 10'000;        // at least 1
    std::size_t per_source_minute = 100;  // events of one source in one minute
    std::size_t max_sources = 10'000;     // counted apart; all further ones share one count
  };

  EventRing() : EventRing(Limits{}) {}
  explicit EventRing(Limits limits) : limits_(limits) {}

  // False when the source has used up its minute (by event.at). A full ring drops its oldest event.
  // Thread-safe; never blocks but for the lock.
  bool push(FailureEvent event);
  // The oldest `max` events at most; they leave the ring.
  std::vector<FailureEvent> take(std::size_t max);
  // Puts a batch that could not be written back in front, as far as there is room.
  void give_back(std::vector<FailureEvent> events);

  std::size_t size() const;
  // Events lost so far, to either limit.
  std::uint64_t dropped() const;

 private:
  bool admit(const FailureEvent& event);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::deque<FailureEvent> events_;
  std::unordered_map<std::string, std::size_t> counts_;
  std::int64_t minute_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace server::observe

#include "server/observe/event_ring.h"

#include <algorithm>
#include <iterator>

#include "oidc/base/text.h"

namespace server::observe {
namespace {

constexpr std::size_t kMaxTextBytes = 512;

void clean(std::string& text) {
  if (text.size() > kMaxTextBytes) {
    text.resize(kMaxTextBytes);
    // Not in the middle of a character.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) {
      text.pop_back();
    }
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.pop_back();
  }
  const bool is_utf8 = oidc::is_clean_utf8(text);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (!is_utf8 && byte >= 0x80)) c = '?';
  }
}

}  // namespace

bool EventRing::admit(const FailureEvent& event) {
  const auto minute = std::chrono::floor<std::chrono::minutes>(event.at).time_since_epoch().count();
  // Events of several threads cross the turn of a minute out of order: going back by one does not
  // start a new count, a clock that was set back does.
  if (minute > minute_ || minute + 1 < minute_) {
    minute_ = minute;
    counts_.clear();
  }
  auto count = counts_.find(event.source);
  if (count == counts_.end()) {
    const bool has_room = counts_.size() < limits_.max_sources;
    count = counts_.try_emplace(has_room ? event.source : std::string("(others)"), 0).first;
  }
  if (count->second >= limits_.per_source_minute) return false;
  ++count->second;
  return true;
}

bool EventRing::push(FailureEvent event) {
  for (auto* text : {&event.id, &event.kind, &event.rule, &event.expected, &event.received,
                     &event.client_id, &event.source, &event.route}) {
    clean(*text);
  }
  const std::lock_guard lock(mutex_);
  if (!admit(event)) {
    ++dropped_;
    return false;
  }
  if (events_.size() >= limits_.capacity) {
    events_.pop_front();
    ++dropped_;
  }
  events_.push_back(std::move(event));
  return true;
}

std::vector<FailureEvent> EventRing::take(std::size_t max) {
  const std::lock_guard lock(mutex_);
  const auto count = static_cast<std::ptrdiff_t>(std::min(max, events_.size()));
  std::vector<FailureEvent> out(std::make_move_iterator(events_.begin()),
                                std::make_move_iterator(events_.begin() + count));
  events_.erase(events_.begin(), events_.begin() + count);
  return out;
}

void EventRing::give_back(std::vector<FailureEvent> events) {
  const std::lock_guard lock(mutex_);
  while (!events.empty() && events_.size() < limits_.capacity) {
    events_.push_front(std::move(events.back()));
    events.pop_back();
  }
  dropped_ += events.size();
}

std::size_t EventRing::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

std::uint64_t EventRing::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace server::observe

// Owns: records as they were at most a second ago, so that each request does not read them again.
// Bounded: the one that was read longest ago goes first. Decides nothing that happens once.
#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace server::store::sql {

template <class T>
class FreshCache {
 public:
  using Entry = std::shared_ptr<const T>;  // null: it is known that there is none

  explicit FreshCache(std::size_t most) : most_(most) {}

  // Nothing when `key` is not held or too old.
  std::optional<Entry> find(const std::string& key) {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || Clock::now() >= found->second.until) return std::nullopt;
    return found->second.entry;
  }
  // As it was read last, however long ago. Nothing when `key` is not held.
  std::optional<Entry> last(const std::string& key) {
    std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    return found->second.entry;
  }
  // Rises with each erase(). Taken before a record is read from the database.
  std::uint64_t generation() {
    std::lock_guard lock(mutex_);
    return generation_;
  }
  // Does nothing when anything was erased since `generation`: what was read may be old.
  void put(const std::string& key, Entry entry, std::uint64_t generation) {
    std::lock_guard lock(mutex_);
    if (generation != generation_) return;
    forget(key);
    if (entries_.size() >= most_) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
    order_.push_back(key);
    entries_.emplace(key, Held{std::move(entry), Clock::now() + kFresh, std::prev(order_.end())});
  }
  void erase(const std::string& key) {
    std::lock_guard lock(mutex_);
    ++generation_;
    forget(key);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kFresh{1};

  struct Held {
    Entry entry;
    Clock::time_point until;
    std::list<std::string>::iterator place;
  };

  void forget(const std::string& key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    order_.erase(found->second.place);
    entries_.erase(found);
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::string, Held> entries_;
  std::list<std::string> order_;  // oldest first
};

}  // namespace server::store::sql

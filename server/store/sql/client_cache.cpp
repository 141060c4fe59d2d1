#include "server/store/sql/state.h"

namespace server::store::sql {
namespace {
constexpr std::size_t kMostClients = 10'000;
constexpr std::chrono::seconds kFresh{1};
}  // namespace

ClientCache::Entry ClientCache::find(const std::string& client_id) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(client_id);
  if (found == entries_.end() || Job::Clock::now() >= found->second.until) return nullptr;
  return found->second.client;
}

std::uint64_t ClientCache::generation() {
  std::lock_guard lock(mutex_);
  return generation_;
}

void ClientCache::put(const std::string& client_id, Entry client, std::uint64_t generation) {
  std::lock_guard lock(mutex_);
  if (generation != generation_) return;
  if (const auto found = entries_.find(client_id); found != entries_.end()) {
    order_.erase(found->second.place);
    entries_.erase(found);
  }
  if (entries_.size() >= kMostClients) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(client_id);
  entries_.emplace(client_id,
                   Held{std::move(client), Job::Clock::now() + kFresh, std::prev(order_.end())});
}

void ClientCache::erase(const std::string& client_id) {
  std::lock_guard lock(mutex_);
  ++generation_;
  const auto found = entries_.find(client_id);
  if (found == entries_.end()) return;
  order_.erase(found->second.place);
  entries_.erase(found);
}

}  // namespace server::store::sql

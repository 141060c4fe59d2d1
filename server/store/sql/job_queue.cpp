#include "server/store/sql/job_queue.h"

#include <algorithm>
#include <iterator>

namespace server::store::sql {

void JobQueue::push(std::shared_ptr<Job> job) {
  std::unique_lock lock(mutex_);
  const bool stopped = stopped_;
  if (!stopped && jobs_.size() < limit_) {
    jobs_.push_back(std::move(job));
    lock.unlock();
    wake_.notify_one();
    return;
  }
  lock.unlock();
  if (stopped) {
    job->refuse({StoreFault::unavailable, "the store is closing"});
  } else {
    job->refuse({StoreFault::overloaded, "the queue of the store is full"});
  }
}

std::vector<std::shared_ptr<Job>> JobQueue::take(std::size_t most) {
  std::vector<std::shared_ptr<Job>> taken;
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
  const auto count = static_cast<std::ptrdiff_t>(std::min(most, jobs_.size()));
  taken.assign(std::make_move_iterator(jobs_.begin()),
               std::make_move_iterator(jobs_.begin() + count));
  jobs_.erase(jobs_.begin(), jobs_.begin() + count);
  return taken;
}

std::vector<std::shared_ptr<Job>> JobQueue::take_overdue() {
  // All jobs have the same time-out, so the oldest stands in front.
  std::vector<std::shared_ptr<Job>> taken;
  std::lock_guard lock(mutex_);
  while (!jobs_.empty() && jobs_.front()->is_overdue()) {
    taken.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  return taken;
}

std::vector<std::shared_ptr<Job>> JobQueue::take_all() {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Job>> taken(std::make_move_iterator(jobs_.begin()),
                                          std::make_move_iterator(jobs_.end()));
  jobs_.clear();
  return taken;
}

void JobQueue::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
}

std::size_t JobQueue::depth() const {
  std::lock_guard lock(mutex_);
  return jobs_.size();
}

}  // namespace server::store::sql

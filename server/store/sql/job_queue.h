// Owns: a bounded queue of jobs between I/O threads and database threads.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "server/store/sql/job.h"

namespace server::store::sql {

class JobQueue {
 public:
  explicit JobQueue(std::size_t limit) : limit_(limit) {}

  // Refuses the job itself when the queue is full or stopped.
  void push(std::shared_ptr<Job> job);
  // Waits for at least one job, takes up to `most`. Empty when the queue is stopped and drained.
  std::vector<std::shared_ptr<Job>> take(std::size_t most);
  // Jobs whose deadline has passed; the others keep their order.
  std::vector<std::shared_ptr<Job>> take_overdue();
  std::vector<std::shared_ptr<Job>> take_all();
  void stop();
  std::size_t depth() const;

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Job>> jobs_;
  bool stopped_ = false;
};

}  // namespace server::store::sql

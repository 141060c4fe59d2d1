// Owns: Pool, a fixed number of threads behind a bounded queue, for work that blocks (database,
// Argon2, files). Not for I/O.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/runtime/async_call.h"
#include "server/runtime/task.h"

namespace server::runtime {

// The queue is full, or the pool is stopping: answer 503 with Retry-After.
struct Overloaded {};

// Marks the calling thread as an I/O thread, for good.
void mark_io_thread();
// Aborts in a build with assertions when called on an I/O thread: stands at every blocking entry.
void assert_not_io_thread();

class Pool {
 public:
  // `name` is shown in thread lists (15 characters at most). `threads` ≥ 1. `queue_limit` counts
  // the jobs that wait; those that run come on top. `niceness` 1 to 19 makes its threads give way
  // to others (setpriority(2)).
  Pool(std::string name, std::size_t threads, std::size_t queue_limit, int niceness = 0);
  ~Pool();  // Runs what is queued, then joins.
  Pool(const Pool&) = delete;

  // False when the queue is full. `job` must not throw.
  bool post(std::move_only_function<void()> job);
  std::size_t depth() const;

  // Runs `work` on the pool and returns its result on the caller's executor. What `work` throws is
  // thrown again there: an exception ends one request, not the process.
  template <class F, class R = std::invoke_result_t<F>>
  Task<std::expected<R, Overloaded>> run(F work) {
    struct Answer {
      std::expected<std::optional<R>, Overloaded> value;
      std::exception_ptr thrown;
    };
    Answer answer = co_await async_call<Answer>(
        [this, work = std::move(work)](Completion<Answer> done) mutable {
          auto shared = std::make_shared<Completion<Answer>>(std::move(done));
          const bool queued = post([work = std::move(work), shared]() mutable {
            Answer result;
            try {
              result.value->emplace(work());
            } catch (...) {
              result.thrown = std::current_exception();
            }
            (*shared)(std::move(result));
          });
          if (!queued) (*shared)(Answer{std::unexpected(Overloaded{}), nullptr});
        });
    if (answer.thrown) std::rethrow_exception(answer.thrown);
    if (!answer.value) co_return std::unexpected(answer.value.error());
    co_return std::move(**answer.value);
  }

 private:
  void loop();

  std::string name_;
  std::size_t queue_limit_;
  int niceness_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace server::runtime

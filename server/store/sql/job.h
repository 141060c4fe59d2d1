// Owns: one unit of work on its way through an executor: run any number of times, answered exactly
// once. Does not know threads.
#pragma once
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "server/runtime/async_call.h"
#include "server/store/sql/transaction.h"

namespace server::store::sql {

enum class Access { read, write };

class Job {
 public:
  using Clock = std::chrono::steady_clock;

  Job(Access access, Clock::time_point deadline) : access_(access), deadline_(deadline) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;

  // Runs the work and keeps its result. True when what it wrote is to be committed. Throws what the
  // work throws, SqlError above all.
  virtual bool run(Connection& connection) = 0;
  // Gives the kept result to the caller. Does nothing after refuse().
  virtual void answer() = 0;
  // Gives an error to the caller, from any thread. Does nothing after answer() or refuse().
  virtual void refuse(StoreError error) = 0;

  Access access() const { return access_; }
  Clock::time_point deadline() const { return deadline_; }
  bool is_overdue() const { return Clock::now() >= deadline_; }

 private:
  const Access access_;
  const Clock::time_point deadline_;
};

template <class T>
class Work final : public Job {
 public:
  using Function = std::move_only_function<StoreResult<T>(Transaction&) const>;

  Work(Access access, Clock::time_point deadline, RowIds& ids, Function function,
       runtime::Completion<StoreResult<T>> done)
      : Job(access, deadline), ids_(ids), function_(std::move(function)), done_(std::move(done)) {}

  bool run(Connection& connection) override {
    result_.reset();
    Transaction transaction(connection, ids_);
    result_.emplace(function_(transaction));
    return result_->has_value() && !transaction.is_discarded();
  }

  void answer() override {
    if (!answered_.exchange(true)) done_(std::move(*result_));
  }

  void refuse(StoreError error) override {
    if (!answered_.exchange(true)) done_(std::unexpected(std::move(error)));
  }

 private:
  RowIds& ids_;
  Function function_;
  std::optional<StoreResult<T>> result_;
  runtime::Completion<StoreResult<T>> done_;
  std::atomic<bool> answered_{false};
};

// Runs jobs on its own threads, and answers each exactly once.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void submit(std::shared_ptr<Job> job) = 0;
  virtual std::size_t depth() const = 0;
};

}  // namespace server::store::sql

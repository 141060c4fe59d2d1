// Owns: the threads of a PostgreSQL database. Each owns one session, reconnects it, and is watched
// from outside: libpq's blocking calls know no deadline once the server is stopped.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/store/sql/job_queue.h"

namespace server::store::sql {

// `url` with our defaults for connecting (time-outs, keep-alives) where it does not name them.
std::string with_connect_defaults(const std::string& url);
// Connects and sets the session's time-outs. Throws SqlError.
std::unique_ptr<Connection> open_postgresql_connection(const std::string& conninfo,
                                                       std::chrono::milliseconds timeout);

class PostgresqlExecutor final : public Executor {
 public:
  // `conninfo`: from with_connect_defaults(). `timeout` bounds each job, waiting included.
  PostgresqlExecutor(std::string conninfo, std::size_t sessions, std::size_t queue_limit,
                     std::chrono::milliseconds timeout);
  ~PostgresqlExecutor() override;  // Runs what is queued, then joins.

  void submit(std::shared_ptr<Job> job) override;
  std::size_t depth() const override { return queue_.depth(); }

 private:
  // One thread and its session.
  struct Slot {
    std::unique_ptr<Connection> connection;  // the thread's own
    bool down = false;                       // the last attempt to connect failed; thread's own
    std::mutex mutex;                        // guards what follows
    std::shared_ptr<Job> running;
    // A descriptor of our own for the session's socket: libpq closes its own as soon as it sees the
    // end, and its number may by then be another connection's.
    int socket = -1;
    std::thread thread;
  };

  void loop(Slot& slot);
  void run(Slot& slot, const std::shared_ptr<Job>& job);
  // True when the job is finished; false when it is to be run again.
  bool try_run(Slot& slot, Job& job, int attempt);
  bool connect(Slot& slot);
  void disconnect(Slot& slot);
  void set_down(Slot& slot, bool down);
  // What the last attempt to connect met; libpq's messages hold no password.
  std::string why_down();
  void refuse_queued(const std::string& reason);
  void watch();
  // False when the executor is stopping.
  bool sleep(std::chrono::milliseconds time);

  const std::string conninfo_;
  const std::chrono::milliseconds timeout_;
  JobQueue queue_;
  std::atomic<std::size_t> down_{0};
  std::vector<std::unique_ptr<Slot>> slots_;
  std::mutex stop_mutex_;
  std::condition_variable stop_wake_;
  std::string trouble_;  // of the last attempt to connect that failed; guarded by stop_mutex_
  bool stopping_ = false;
  bool watch_stopping_ = false;
  std::thread watchdog_;
};

}  // namespace server::store::sql

// Owns: the threads of an SQLite database: one writer that commits in groups, and readers. SQLite's
// own rules: https://www.sqlite.org/wal.html, https://www.sqlite.org/lang_transaction.html.
#pragma once
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/store/sql/job_queue.h"

namespace server::store::sql {

// Opens a connection with our settings, and reads each of them back. `read_only` refuses writes.
// Throws SqlError, or std::runtime_error when a setting does not hold.
std::unique_ptr<Connection> open_sqlite_connection(const std::string& path, bool read_only);

class SqliteExecutor final : public Executor {
 public:
  SqliteExecutor(const std::string& path, std::size_t readers, std::size_t queue_limit);
  // Runs what is queued, then joins: the readers first, for two connections that close at the same
  // time each take the other for the last one, and neither brings the log into the file.
  ~SqliteExecutor() override;

  void submit(std::shared_ptr<Job> job) override;
  std::size_t depth() const override { return reads_.depth() + writes_.depth(); }

 private:
  void renew(std::unique_ptr<Connection>& reader) const;
  void read_loop(std::unique_ptr<Connection> connection);
  void write_loop(std::unique_ptr<Connection> connection);
  void run_group(Connection& connection, const std::vector<std::shared_ptr<Job>>& group);

  const std::string path_;
  JobQueue reads_;
  JobQueue writes_;
  std::thread writer_;
  std::vector<std::thread> readers_;
};

}  // namespace server::store::sql

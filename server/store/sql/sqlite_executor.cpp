#include "server/store/sql/sqlite_executor.h"

#include <pthread.h>

#include <stdexcept>

namespace server::store::sql {
namespace {

constexpr std::size_t kMostJobsInGroup = 64;
constexpr std::size_t kMostReadsTogether = 8;
// Commands write the same file from another process; they are quick.
constexpr std::chrono::milliseconds kBusyTimeout{1'000};

struct Setting {
  const char* name;
  const char* value;
  const char* expected;
};

constexpr Setting kSettings[] = {
    {"journal_mode", "WAL", "wal"},
    {"synchronous", "FULL", "2"},
    {"foreign_keys", "ON", "1"},
    {"trusted_schema", "OFF", "0"},
    {"cell_size_check", "ON", "1"},
    {"secure_delete", "FAST", "2"},
    {"temp_store", "MEMORY", "2"},
    // 16 MB: the writer itself checkpoints, so the log starts anew whenever no reader lags behind.
    {"wal_autocheckpoint", "4000", "4000"},
    {"journal_size_limit", "67108864", "67108864"},
};

StoreError to_store_error(const std::exception& error) {
  if (const auto* known = dynamic_cast<const SqlError*>(&error)) return known->to_store_error();
  return {StoreFault::failed, error.what()};
}

// A reader's work is repeated by nobody, so any trouble of the file is "unavailable".
void run_read(Connection& connection, Job& job) {
  if (job.is_overdue()) {
    job.refuse({StoreFault::unavailable, "waited too long for a reader"});
    return;
  }
  try {
    job.run(connection);
  } catch (const std::exception& error) {
    job.refuse(to_store_error(error));
    return;
  }
  job.answer();
}

// False when the reads must do without: then each locks for itself.
bool begin_reads(Connection& connection) {
  try {
    connection.execute("BEGIN");
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// False when the connection can't be trusted any more.
bool end_reads(Connection& connection) {
  try {
    // Trouble with the file may have ended it already.
    if (!connection.is_idle()) connection.execute("COMMIT");
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// False when the whole transaction is gone.
bool run_in_savepoint(Connection& connection, Job& job) {
  connection.execute("SAVEPOINT unit");
  bool keep = false;
  try {
    keep = job.run(connection);
  } catch (const std::exception& error) {
    // A full disk and the like end the transaction itself: then the group is refused as a whole.
    if (connection.is_idle()) return false;
    job.refuse(to_store_error(error));
  }
  if (!keep) connection.execute("ROLLBACK TO unit");
  connection.execute("RELEASE unit");
  return !connection.is_idle();
}

}  // namespace

namespace {

void apply(Connection& connection, const Setting& setting) {
  const std::string name = setting.name;
  // Some of these statements answer with a row; it is the one that is read back anyway.
  connection.read_setting("PRAGMA " + name + "=" + setting.value);
  const std::string value = connection.read_setting("PRAGMA " + name);
  if (value != setting.expected) {
    throw std::runtime_error("SQLite does not take the setting " + name + ": it is \"" + value +
                             "\" instead of \"" + setting.expected + "\".");
  }
}

std::unique_ptr<Connection> open_once(const std::string& path, bool read_only) {
  auto connection = Connection::open_sqlite(path, kBusyTimeout);
  for (const auto& setting : kSettings) apply(*connection, setting);
  if (read_only) {
    connection->read_setting("PRAGMA query_only=ON");
    if (connection->read_setting("PRAGMA query_only") != "1") {
      throw std::runtime_error("SQLite does not take the setting query_only.");
    }
  }
  return connection;
}

}  // namespace

std::unique_ptr<Connection> open_sqlite_connection(const std::string& path, bool read_only) {
  // Going over to WAL needs the file for itself, and SQLite does not wait for that.
  for (int attempt = 0;; ++attempt) {
    try {
      return open_once(path, read_only);
    } catch (const SqlError& error) {
      if (error.fault() != SqlFault::unavailable || attempt == 50) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void SqliteExecutor::renew(std::unique_ptr<Connection>& reader) const {
  try {
    reader = open_sqlite_connection(path_, true);
  } catch (const std::exception&) {
    return;  // the old one goes on answering with its errors until a new one can be had
  }
}

SqliteExecutor::SqliteExecutor(const std::string& path, std::size_t readers,
                               std::size_t queue_limit)
    : path_(path), reads_(queue_limit), writes_(queue_limit) {
  std::vector<std::unique_ptr<Connection>> connections;
  connections.reserve(readers);
  for (std::size_t i = 0; i < readers; ++i) {
    connections.push_back(open_sqlite_connection(path, true));
  }
  auto writer = open_sqlite_connection(path, false);
  // From here on nothing throws but the lack of threads.
  writer_ = std::thread(
      [this, connection = std::move(writer)]() mutable { write_loop(std::move(connection)); });
  for (auto& reader : connections) {
    readers_.emplace_back(
        [this, connection = std::move(reader)]() mutable { read_loop(std::move(connection)); });
  }
}

SqliteExecutor::~SqliteExecutor() {
  reads_.stop();
  for (auto& reader : readers_) reader.join();
  writes_.stop();
  writer_.join();
}

void SqliteExecutor::submit(std::shared_ptr<Job> job) {
  auto& queue = job->access() == Access::read ? reads_ : writes_;
  queue.push(std::move(job));
}

void SqliteExecutor::read_loop(std::unique_ptr<Connection> connection) {
  pthread_setname_np(pthread_self(), "store-read");
  while (true) {
    const auto jobs = reads_.take(kMostReadsTogether);
    if (jobs.empty()) return;
    // One transaction, so that the file is locked once for all that wait.
    const bool together = jobs.size() > 1 && begin_reads(*connection);
    for (const auto& job : jobs) run_read(*connection, *job);
    if (together && !end_reads(*connection)) renew(connection);
  }
}

void SqliteExecutor::write_loop(std::unique_ptr<Connection> connection) {
  pthread_setname_np(pthread_self(), "store-write");
  while (true) {
    auto group = writes_.take(kMostJobsInGroup);
    if (group.empty()) return;
    std::erase_if(group, [](const std::shared_ptr<Job>& job) {
      if (!job->is_overdue()) return false;
      job->refuse({StoreFault::unavailable, "waited too long for the writer"});
      return true;
    });
    try {
      if (connection == nullptr) connection = open_sqlite_connection(path_, false);
      if (!group.empty()) run_group(*connection, group);
      if (!connection->is_idle()) connection.reset();
    } catch (const std::exception& error) {
      for (const auto& job : group) job->refuse({StoreFault::unavailable, error.what()});
    }
  }
}

void SqliteExecutor::run_group(Connection& connection,
                               const std::vector<std::shared_ptr<Job>>& group) {
  std::string trouble;
  try {
    connection.execute("BEGIN IMMEDIATE");
    bool whole = true;
    for (const auto& job : group) {
      whole = run_in_savepoint(connection, *job);
      if (!whole) break;
    }
    if (whole) {
      connection.execute("COMMIT");
      for (const auto& job : group) job->answer();
      return;
    }
    trouble = "the transaction was rolled back by SQLite";
  } catch (const std::exception& error) {
    trouble = error.what();
  }
  try {
    if (!connection.is_idle()) connection.execute("ROLLBACK");
  } catch (const std::exception& error) {
    // The writer opens a new connection when this one is not idle.
    trouble.append("; ").append(error.what());
  }
  for (const auto& job : group) job->refuse({StoreFault::unavailable, trouble});
}

}  // namespace server::store::sql

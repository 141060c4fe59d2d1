#include "server/store/sql/postgresql_executor.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace server::store::sql {
namespace {

// Runs of one job: the first, and what 40001, 40P01 or one lost session may ask for.
constexpr int kMostAttempts = 4;

StoreError to_store_error(const std::exception& error) {
  if (const auto* known = dynamic_cast<const SqlError*>(&error)) return known->to_store_error();
  return {StoreFault::failed, error.what()};
}

}  // namespace

std::string with_connect_defaults(const std::string& url) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kDefaults = {{
      {"connect_timeout", "3"},
      {"keepalives", "1"},
      {"keepalives_idle", "30"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "10000"},
      {"application_name", "latchkey"},
  }};
  std::string out = url;
  const auto query = url.find('?');
  char separator = query == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : kDefaults) {
    const std::string assignment = std::string(name) + "=";
    if (query != std::string::npos && (url.find("?" + assignment) != std::string::npos ||
                                       url.find("&" + assignment) != std::string::npos)) {
      continue;
    }
    out.push_back(separator);
    out.append(assignment).append(value);
    separator = '&';
  }
  return out;
}

std::unique_ptr<Connection> open_postgresql_connection(const std::string& conninfo,
                                                       std::chrono::milliseconds timeout) {
  auto connection = Connection::open_postgresql(conninfo);
  const auto millis = [](std::chrono::milliseconds time) { return std::to_string(time.count()); };
  connection->run_script(
      "SET client_encoding = 'UTF8';\n"
      "SET standard_conforming_strings = on;\n"
      "SET client_min_messages = warning;\n"
      "SET default_transaction_isolation = 'read committed';\n"
      // Before the watchdog's deadline, so that the session survives a slow statement.
      "SET statement_timeout = " +
      millis(timeout - timeout / 10) +
      ";\n"
      "SET lock_timeout = " +
      millis(timeout / 2) +
      ";\n"
      "SET idle_in_transaction_session_timeout = " +
      millis(timeout * 2) + ";\n");
  return connection;
}

PostgresqlExecutor::PostgresqlExecutor(std::string conninfo, std::size_t sessions,
                                       std::size_t queue_limit, std::chrono::milliseconds timeout)
    : conninfo_(std::move(conninfo)), timeout_(timeout), queue_(queue_limit) {
  for (std::size_t i = 0; i < sessions; ++i) slots_.push_back(std::make_unique<Slot>());
  for (auto& slot : slots_) {
    slot->thread = std::thread([this, mine = slot.get()] { loop(*mine); });
  }
  watchdog_ = std::thread([this] { watch(); });
}

PostgresqlExecutor::~PostgresqlExecutor() {
  {
    std::lock_guard lock(stop_mutex_);
    stopping_ = true;
  }
  stop_wake_.notify_all();
  queue_.stop();
  for (auto& slot : slots_) slot->thread.join();
  refuse_queued("the store is closing");
  {
    std::lock_guard lock(stop_mutex_);
    watch_stopping_ = true;
  }
  stop_wake_.notify_all();
  watchdog_.join();
}

void PostgresqlExecutor::submit(std::shared_ptr<Job> job) {
  if (down_.load() == slots_.size()) {
    job->refuse({StoreFault::unavailable, why_down()});
    return;
  }
  queue_.push(std::move(job));
}

void PostgresqlExecutor::loop(Slot& slot) {
  pthread_setname_np(pthread_self(), "store-pg");
  std::chrono::milliseconds pause{50};
  while (true) {
    if (slot.connection == nullptr && !connect(slot)) {
      // One thread alone keeps trying when all are down; what waits is answered meanwhile.
      if (down_.load() == slots_.size()) refuse_queued(why_down());
      if (!sleep(pause)) return;
      pause = std::min(pause * 2, std::chrono::milliseconds(1'000));
      continue;
    }
    pause = std::chrono::milliseconds(50);
    const auto jobs = queue_.take(1);
    if (jobs.empty()) break;
    run(slot, jobs.front());
  }
  disconnect(slot);
}

bool PostgresqlExecutor::connect(Slot& slot) {
  try {
    slot.connection = open_postgresql_connection(conninfo_, timeout_);
  } catch (const std::exception& error) {
    {
      std::lock_guard lock(stop_mutex_);
      trouble_ = error.what();
    }
    set_down(slot, true);
    return false;
  }
  {
    std::lock_guard lock(slot.mutex);
    slot.socket = ::fcntl(slot.connection->socket(), F_DUPFD_CLOEXEC, 0);
  }
  set_down(slot, false);
  return true;
}

// The socket is shut first: to free the kept statements asks the server, and one that does not
// answer would block the thread.
void PostgresqlExecutor::disconnect(Slot& slot) {
  if (slot.connection == nullptr) return;
  {
    std::lock_guard lock(slot.mutex);
    if (slot.socket >= 0) {
      ::shutdown(slot.socket, SHUT_RDWR);
      ::close(slot.socket);
    }
    slot.socket = -1;
  }
  slot.connection.reset();
}

void PostgresqlExecutor::set_down(Slot& slot, bool down) {
  if (slot.down == down) return;
  slot.down = down;
  if (down) {
    ++down_;
  } else {
    --down_;
  }
}

std::string PostgresqlExecutor::why_down() {
  std::lock_guard lock(stop_mutex_);
  return "the database can't be reached: " + trouble_;
}

void PostgresqlExecutor::refuse_queued(const std::string& reason) {
  for (const auto& job : queue_.take_all()) job->refuse({StoreFault::unavailable, reason});
}

void PostgresqlExecutor::run(Slot& slot, const std::shared_ptr<Job>& job) {
  {
    std::lock_guard lock(slot.mutex);
    slot.running = job;
  }
  for (int attempt = 1; !try_run(slot, *job, attempt); ++attempt) {
    // What collided once collides again unless the threads fall out of step.
    std::this_thread::sleep_for(std::chrono::milliseconds(attempt * 2));
  }
  {
    std::lock_guard lock(slot.mutex);
    slot.running.reset();
  }
  if (slot.connection != nullptr && (slot.connection->is_broken() || !slot.connection->is_idle())) {
    disconnect(slot);
  }
}

bool PostgresqlExecutor::try_run(Slot& slot, Job& job, int attempt) {
  if (job.is_overdue()) {
    job.refuse({StoreFault::unavailable, "the database did not answer in time"});
    return true;
  }
  if (slot.connection == nullptr && !connect(slot)) {
    job.refuse({StoreFault::unavailable, why_down()});
    return true;
  }
  Connection& connection = *slot.connection;
  bool commit_sent = false;
  try {
    if (job.access() == Access::read) {
      job.run(connection);
    } else {
      connection.execute("BEGIN");
      if (job.run(connection)) {
        commit_sent = true;
        connection.execute("COMMIT");
      } else {
        connection.execute("ROLLBACK");
      }
    }
    job.answer();
    return true;
  } catch (const std::exception& error) {
    const auto* sql_error = dynamic_cast<const SqlError*>(&error);
    const SqlFault fault = sql_error != nullptr ? sql_error->fault() : SqlFault::failed;
    if (fault == SqlFault::lost || connection.is_broken()) {
      disconnect(slot);
      // Once COMMIT was sent nobody knows whether it happened: never run that again.
      if (!commit_sent && attempt == 1) return false;
      job.refuse({StoreFault::unavailable, error.what()});
      return true;
    }
    try {
      if (!connection.is_idle()) connection.execute("ROLLBACK");
    } catch (const std::exception&) {
      disconnect(slot);
    }
    if (fault == SqlFault::retry && attempt < kMostAttempts) return false;
    job.refuse(to_store_error(error));
    return true;
  }
}

void PostgresqlExecutor::watch() {
  pthread_setname_np(pthread_self(), "store-watch");
  const auto tick =
      std::clamp(timeout_ / 20, std::chrono::milliseconds(10), std::chrono::milliseconds(250));
  std::unique_lock lock(stop_mutex_);
  while (!watch_stopping_) {
    stop_wake_.wait_for(lock, tick, [this] { return watch_stopping_; });
    lock.unlock();
    for (const auto& job : queue_.take_overdue()) {
      job->refuse({StoreFault::unavailable, "waited too long for a database session"});
    }
    for (auto& slot : slots_) {
      std::shared_ptr<Job> overdue;
      {
        std::lock_guard slot_lock(slot->mutex);
        if (slot->running != nullptr && slot->running->is_overdue()) {
          overdue = slot->running;
          // Wakes the thread, which finds its session lost and opens another.
          if (slot->socket >= 0) ::shutdown(slot->socket, SHUT_RDWR);
        }
      }
      if (overdue)
        overdue->refuse({StoreFault::unavailable, "the database did not answer in time"});
    }
    lock.lock();
  }
}

bool PostgresqlExecutor::sleep(std::chrono::milliseconds time) {
  std::unique_lock lock(stop_mutex_);
  return !stop_wake_.wait_for(lock, time, [this] { return stopping_; });
}

}  // namespace server::store::sql

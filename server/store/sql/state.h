// Owns: the inside of Store: its executor, row ids and client cache, and the one way a method hands
// a unit of work to the database.
#pragma once
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "server/store/sql/job.h"
#include "server/store/store.h"

namespace server::store {

namespace sql {

// Clients as they were at most a second ago. Bounded: the one that was read longest ago goes first.
class ClientCache {
 public:
  using Entry = std::shared_ptr<const oidc::model::Client>;

  // Nothing when `client_id` is not held or too old.
  Entry find(const std::string& client_id);
  // Rises with each erase(). Taken before a client is read from the database.
  std::uint64_t generation();
  // Does nothing when anything was erased since `generation`: what was read may be old.
  void put(const std::string& client_id, Entry client, std::uint64_t generation);
  void erase(const std::string& client_id);

 private:
  struct Held {
    Entry client;
    Job::Clock::time_point until;
    std::list<std::string>::iterator place;
  };
  std::mutex mutex_;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::string, Held> entries_;
  std::list<std::string> order_;  // oldest first
};

// Where remove_expired() goes on in each table.
struct CleanupCursor {
  std::mutex mutex;
  std::map<std::string, std::int64_t, std::less<>> after;
};

}  // namespace sql

struct Store::State {
  StoreOptions options;
  sql::Dialect dialect = sql::Dialect::sqlite;
  std::unique_ptr<sql::RowIds> ids;
  sql::ClientCache clients;
  sql::CleanupCursor cleanup;
  std::unique_ptr<sql::Executor> executor;  // last: its threads use what stands above
};

namespace sql {

// Runs `function` in one transaction (Access::write), or statement by statement (Access::read), and
// resumes the caller with its result. It may run more than once, so it changes nothing it captured.
template <class T, class State>
Task<StoreResult<T>> submit(State& state, Access access, typename Work<T>::Function function) {
  co_return co_await runtime::async_call<StoreResult<T>>(
      [&state, access,
       function = std::move(function)](runtime::Completion<StoreResult<T>> done) mutable {
        state.executor->submit(
            std::make_shared<Work<T>>(access, Job::Clock::now() + state.options.timeout, *state.ids,
                                      std::move(function), std::move(done)));
      });
}

}  // namespace sql
}  // namespace server::store

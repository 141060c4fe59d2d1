// Owns: the inside of Store: its executor, row ids and caches, and the one way a method hands
// a unit of work to the database.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "server/store/sql/fresh_cache.h"
#include "server/store/sql/job.h"
#include "server/store/store.h"

namespace server::store {

namespace sql {

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
  sql::FreshCache<oidc::model::Client> clients{10'000};
  sql::FreshCache<oidc::model::Branding> brandings{512};  // with logos of up to 256 KB
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

// What goes wrong around the database: every caller gets one answer, and nothing is half done.
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/store/store_fixture.h"

using namespace store_test;

namespace {

std::chrono::milliseconds timed(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
}

std::vector<StoreResult<void>> insert_many(Store& store, const std::string& prefix, int count) {
  std::vector<Task<StoreResult<void>>> tasks;
  for (int i = 0; i < count; ++i) {
    tasks.push_back(store.insert_client(sample_client(prefix + std::to_string(i)), kActor, kNow));
  }
  return run_all(std::move(tasks));
}

}  // namespace

TEST_CASE("a job that fails does not fail its group", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  for (int i = 0; i < 64; i += 4) {
    REQUIRE(run(store->insert_client(sample_client("c" + std::to_string(i)), kActor, kNow)));
  }
  const auto results = insert_many(*store, "c", 64);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i].has_value() == (i % 4 != 0));
    if (!results[i]) CHECK(results[i].error().fault == StoreFault::conflict);
  }
  CHECK(run(store->list_clients("", 1'000)).value().size() == 64);
}

TEST_CASE("the writer waits a second for another process, then answers unavailable", "[store]") {
  const Database database(Backend::sqlite);
  const auto store = database.open();
  RawDatabase other(database.url());
  other.run_sql("BEGIN IMMEDIATE");
  StoreResult<void> result;
  const auto time =
      timed([&] { result = run(store->insert_client(sample_client("c1"), kActor, kNow)); });
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == StoreFault::unavailable);
  CHECK(time < milliseconds(2'000));
  CHECK(run(store->find_client("c1", kNow)).has_value());  // readers go on
  other.run_sql("COMMIT");
  CHECK(run(store->insert_client(sample_client("c1"), kActor, kNow)));
}

TEST_CASE("a disk that takes no more answers unavailable to the whole group", "[store]") {
  const Database database(Backend::sqlite);
  const auto store = database.open();
  REQUIRE(run(store->insert_client(sample_client("before"), kActor, kNow)));
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  const auto size = std::filesystem::file_size(database.url().substr(7) + "-wal");
  const rlimit small{size + 4'096, old.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const auto results = insert_many(*store, "full", 200);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &old) == 0);
  for (const auto& result : results) {
    REQUIRE_FALSE(result);
    CHECK(result.error().fault == StoreFault::unavailable);
  }
  CHECK(run(store->list_clients("", 1'000)).value().size() == 1);
  CHECK(run(store->insert_client(sample_client("after"), kActor, kNow)));
  CHECK(RawDatabase(database.url()).run_sql("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a full queue answers overloaded", "[store]") {
  const Database database(Backend::sqlite);
  StoreOptions options;
  options.database = database.url();
  options.queue_limit = 4;
  const auto store = Store::open(options);
  RawDatabase other(database.url());
  other.run_sql("BEGIN IMMEDIATE");
  const auto results = insert_many(*store, "c", 200);
  const auto overloaded = std::ranges::count_if(results, [](const auto& result) {
    return !result && result.error().fault == StoreFault::overloaded;
  });
  CHECK(overloaded >= 100);
  CHECK(store->queue_depth() == 0);
}

TEST_CASE("what waits when the store closes is still committed", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  auto store = database.open();
  boost::asio::io_context context;
  for (int i = 0; i < 100; ++i) {
    boost::asio::co_spawn(
        context, store->insert_client(sample_client("c" + std::to_string(i)), kActor, kNow),
        [](std::exception_ptr, StoreResult<void>) {});
  }
  context.poll();
  store.reset();
  store = database.open();
  CHECK(run(store->list_clients("", 1'000)).value().size() == 100);
}

TEST_CASE("a store that was closed is one whole file", "[store]") {
  const Database database(Backend::sqlite);
  const auto path = database.url().substr(7);
  for (int round = 0; round < 40; ++round) {
    auto store = database.open();
    REQUIRE(run(store->insert_client(sample_client("c" + std::to_string(round)), kActor, kNow)));
    REQUIRE(std::filesystem::exists(path + "-wal"));
    store.reset();
    REQUIRE_FALSE(std::filesystem::exists(path + "-wal"));
  }
}

TEST_CASE("SQLite's file is private, and its neighbours too", "[store]") {
  const Database database(Backend::sqlite);
  const auto store = database.open();
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status{};
    REQUIRE(::stat((database.url().substr(7) + suffix).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  CHECK(store->backend() == "sqlite");
}

TEST_CASE("settings that name no database are refused with a sentence", "[store]") {
  for (const char* url : {"", "mysql://x", "sqlite:", "sqlite::memory:", "sqlite:/nowhere/x.db",
                          "sqlite:/tmp", "postgresql://nobody@127.0.0.1:1/x"}) {
    StoreOptions options;
    options.database = url;
    INFO(url);
    CHECK_THROWS_AS(Store::open(options), std::runtime_error);
  }
}

TEST_CASE("sessions that PostgreSQL ended are replaced", "[store][postgresql]") {
  const Database database(Backend::postgresql);
  const auto store = database.open(seconds(5), 3);
  RawDatabase raw(database.url());
  for (int round = 0; round < 5; ++round) {
    REQUIRE(insert_many(*store, "r" + std::to_string(round), 8).back());
    raw.run_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'latchkey'");
    for (const auto& result : insert_many(*store, "s" + std::to_string(round) + "-", 8)) {
      INFO((result ? "" : result.error().detail));
      CHECK(result);
    }
    CHECK(run(store->ping()));
  }
}

TEST_CASE("a stopped PostgreSQL process holds nobody up for longer than the time-out",
          "[store][postgresql]") {
  const Database database(Backend::postgresql);
  const auto store = database.open(milliseconds(1'000), 1);
  REQUIRE(run(store->insert_client(sample_client("c0"), kActor, kNow)));
  RawDatabase raw(database.url());
  const auto pid = static_cast<pid_t>(
      std::stol(raw.run_sql("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                            " AND application_name = 'latchkey'")));
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  StoreResult<void> result;
  const auto time =
      timed([&] { result = run(store->insert_client(sample_client("c1"), kActor, kNow)); });
  CHECK_FALSE(result);
  CHECK(time < milliseconds(1'500));
  if (!result) CHECK(result.error().fault == StoreFault::unavailable);
  // The session is replaced while the old process still stands.
  CHECK(run(store->insert_client(sample_client("c2"), kActor, kNow)));
  CHECK(run(store->ping()));
  REQUIRE(::kill(pid, SIGCONT) == 0);
  CHECK(run(store->find_client("c2", kNow)).value() != nullptr);
}

TEST_CASE("a server that is gone is answered at once, and found again", "[store][postgresql]") {
  support::PostgresServer server;
  StoreOptions options;
  options.database = server.url("postgres");
  options.connections = 2;
  const auto store = Store::open(options);
  REQUIRE(run(store->insert_client(sample_client("c1"), kActor, kNow)));
  server.stop();
  for (int i = 0; i < 20; ++i) {
    const auto time = timed([&] {
      const auto result = run(store->insert_client(sample_client("c2"), kActor, kNow));
      REQUIRE_FALSE(result);
      INFO(result.error().detail);
      CHECK(result.error().fault == StoreFault::unavailable);
    });
    CHECK(time < milliseconds(1'000));
  }
  CHECK_FALSE(run(store->ping()));
  server.start();
  bool back = false;
  for (int i = 0; i < 50 && !back; ++i) {
    back = run(store->ping());
    if (!back) std::this_thread::sleep_for(milliseconds(100));
  }
  CHECK(back);
  CHECK(run(store->insert_client(sample_client("c2"), kActor, kNow)));
}

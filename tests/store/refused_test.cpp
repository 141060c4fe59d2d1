// Attempts that did not sign in: merged, capped, each person's own, and gone in time.
#include "tests/store/mail_samples.h"
#include "tests/store/racers.h"

using namespace store_test;

namespace {

RefusedSignIn attempt(const std::string& network, const std::string& method = "pwd") {
  return {.person = "u1",
          .method = method,
          .network = network,
          .address = network + ".1",
          .browser = "Firefox"};
}

struct Fixture {
  explicit Fixture(Backend backend) : database(backend), store(database.open()) {
    REQUIRE(run(store->insert_user(sample_user("u1", "a@example.com"), kActor, kNow)));
  }
  void note(const RefusedSignIn& refused, TimePoint at = kNow) {
    REQUIRE(run(store->note_refused_sign_in(refused, at)));
  }
  std::vector<RefusedRow> list(const std::string& person = "u1", int limit = 100) {
    return run(store->list_refused_sign_ins(person, limit)).value();
  }
  Database database;
  std::unique_ptr<Store> store;
};

}  // namespace

TEST_CASE("refused sign-ins of one network and day are one row", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  f.note(attempt("192.0.2"));
  auto last = attempt("192.0.2");
  last.address = "192.0.2.9";
  last.browser = "curl";
  f.note(last, kNow + minutes(3));
  f.note(attempt("192.0.2", "code"), kNow + minutes(2));
  f.note(attempt("198.51.100"), kNow + minutes(1));
  f.note(attempt("192.0.2"), kNow + days(1));
  const auto rows = f.list();
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].first_at == kNow + days(1));
  CHECK(rows[1].attempts == 2);
  CHECK(rows[1].method == "pwd");
  CHECK(rows[1].first_at == kNow);
  CHECK(rows[1].last_at == kNow + minutes(3));
  CHECK(rows[1].address == "192.0.2.9");
  CHECK(rows[1].browser == "curl");
  CHECK(rows[2].method == "code");
  CHECK(rows[3].address == "198.51.100.1");
  CHECK(f.list("u1", 1).size() == 1);
  CHECK(f.list("u2").empty());
}

TEST_CASE("from many networks, refused sign-ins are counted together", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  for (int i = 0; i < 60; ++i) f.note(attempt("net" + std::to_string(i)), kNow + seconds(i));
  f.note(attempt("net3"), kNow + minutes(5));
  auto rows = f.list();
  REQUIRE(rows.size() == 21);
  CHECK(rows[0].address == "net3.1");
  CHECK(rows[0].attempts == 2);
  CHECK(rows[1].address.empty());
  CHECK(rows[1].browser.empty());
  CHECK(rows[1].attempts == 40);
  CHECK(rows[1].first_at == kNow + seconds(20));
  // The next day begins anew.
  f.note(attempt("net60"), kNow + days(1));
  CHECK(f.list().at(0).address == "net60.1");
}

TEST_CASE("what was held back is counted once in its spacing", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  auto held = attempt("192.0.2", "throttled");
  held.spacing = minutes(1);
  for (int i = 0; i < 130; ++i) f.note(held, kNow + seconds(i));
  REQUIRE(f.list().size() == 1);
  CHECK(f.list()[0].attempts == 3);
  CHECK(f.list()[0].last_at == kNow + minutes(2));
  for (int i = 0; i < 130; ++i) {
    held.network = "net" + std::to_string(i);
    f.note(held, kNow + minutes(10));
  }
  const auto rows = f.list();
  REQUIRE(rows.size() == 21);
  std::int64_t attempts = 0;
  for (const auto& row : rows) attempts += row.attempts;
  CHECK(attempts == 3 + 19 + 1);
}

TEST_CASE("decoys of refused sign-ins are for nobody and go first", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  RawDatabase raw(f.database.url());
  f.note(attempt("192.0.2"));
  auto decoy = attempt("192.0.2");
  decoy.person = "nobody:hash";
  decoy.decoy = true;
  f.note(decoy);
  CHECK(f.list("nobody:hash").empty());
  CHECK(raw.count("refused_sign_ins") == 2);
  const auto clean = [&](TimePoint now) {
    while (run(f.store->remove_expired(now, 100)).value() > 0) {
    }
  };
  clean(kNow + hours(15));
  CHECK(raw.count("refused_sign_ins") == 2);
  clean(kNow + hours(25));
  CHECK(raw.count("refused_sign_ins WHERE decoy = 1") == 0);
  clean(kNow + days(89));
  CHECK(f.list().size() == 1);
  clean(kNow + days(91));
  CHECK(raw.count("refused_sign_ins") == 0);
}

TEST_CASE("no refused sign-in is lost in a burst", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  RawDatabase raw(database.url());
  REQUIRE(run(nodes.one->insert_user(sample_user("u1", "a@example.com"), kActor, kNow)));
  std::int64_t total = 0;
  for (const int racers : kRacers) {
    race<int>(nodes, racers, [&](Store& store, int racer) -> Task<StoreResult<int>> {
      auto done =
          co_await store.note_refused_sign_in(attempt("net" + std::to_string(racer % 4)), kNow);
      if (!done) co_return std::unexpected(done.error());
      co_return 1;
    });
    total += racers;
    CHECK(raw.run_sql("SELECT SUM(attempts) FROM refused_sign_ins") == std::to_string(total));
  }
  CHECK(raw.count("refused_sign_ins") == 4);
}

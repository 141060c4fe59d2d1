// Rotation of signing keys as rows: what is announced, what it ends, what goes.
#include "tests/store/racers.h"

using namespace store_test;

namespace {

SigningKeyRow key_row(const std::string& kid, TimePoint signs_from,
                      const std::string& alg = "RS256") {
  SigningKeyRow row;
  row.kid = kid;
  row.alg = alg;
  row.state = "active";
  row.public_jwk = "{}";
  row.sealed_private = "sealed";
  row.created_at = signs_from;
  row.signs_from = signs_from;
  return row;
}

struct Fixture {
  explicit Fixture(Backend backend) : database(backend), store(database.open()) {
    REQUIRE(run(store->ensure_signing_keys({key_row("first", kNow)}, kActor, kNow)));
  }
  SigningKeyRow key(const std::string& kid) {
    for (auto& row : run(store->list_signing_keys()).value()) {
      if (row.kid == kid) return row;
    }
    return {};
  }
  bool rotate(const SigningKeyRow& row, TimePoint old_until, TimePoint now) {
    return run(store->rotate_signing_key(row, old_until, kActor, now, old_until + days(30)))
        .value();
  }
  Database database;
  std::unique_ptr<Store> store;
};

}  // namespace

TEST_CASE("a new key is announced, signs, and the old one goes in time", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto begins = kNow + minutes(5);
  const auto ends = begins + hours(1);
  CHECK(f.rotate(key_row("second", begins), ends, kNow));
  CHECK(f.key("second").state == "announced");
  CHECK(f.key("second").signs_from == begins);
  CHECK_FALSE(f.key("second").verifies_until);
  CHECK(f.key("first").state == "active");
  CHECK(f.key("first").verifies_until == ends);
  CHECK(f.key("first").kept_until == ends + days(30));
  // One at a time, for each algorithm.
  CHECK_FALSE(f.rotate(key_row("third", begins + minutes(1)), ends, kNow));
  CHECK(f.key("third").kid.empty());
  CHECK(f.rotate(key_row("other", begins, "ES256"), ends, kNow));
  CHECK(f.key("first").verifies_until == ends);

  CHECK(run(f.store->remove_expired(begins + minutes(6), 10)).value() == 0);
  CHECK(f.key("second").state == "active");
  CHECK(f.key("first").state == "verifying");
  const auto later = begins + days(1);
  CHECK(f.rotate(key_row("third", later + minutes(5)), later + hours(2), later));
  CHECK(f.key("first").state == "retired");
  CHECK(f.key("first").verifies_until == ends);  // not made longer
  CHECK(f.key("second").verifies_until == later + hours(2));
  CHECK(run(f.store->remove_expired(ends + days(30) - milliseconds(1), 10)).value() == 0);
  CHECK(run(f.store->remove_expired(ends + days(30), 10)).value() == 1);
  CHECK(f.key("first").kid.empty());
  CHECK(f.key("third").state == "active");
  RawDatabase raw(f.database.url());
  CHECK(raw.count("audit WHERE action = 'key.rotate'") == 3);
}

TEST_CASE("a key that signs at once takes the place of one that waits", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  CHECK(f.rotate(key_row("waits", kNow + hours(1)), kNow + hours(2), kNow));
  const auto now = kNow + minutes(1);
  CHECK(f.rotate(key_row("now", now), oidc::from_millis(0), now));
  CHECK(f.key("now").state == "active");
  CHECK_FALSE(f.key("now").verifies_until);
  CHECK(f.key("waits").state == "retired");
  CHECK(f.key("waits").verifies_until.value() < f.key("waits").signs_from);
  CHECK(f.key("first").verifies_until == oidc::from_millis(0));
  // The next one may be announced again.
  CHECK(f.rotate(key_row("next", now + hours(1)), now + hours(2), now));
  CHECK(f.key("next").state == "announced");
  CHECK(f.key("first").verifies_until == oidc::from_millis(0));
}

TEST_CASE("algorithms that are new get a key, the others keep theirs", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto keys =
      run(f.store->ensure_signing_keys({key_row("again", kNow), key_row("edwards", kNow, "EdDSA")},
                                       kActor, kNow))
          .value();
  REQUIRE(keys.size() == 2);
  CHECK(f.key("again").kid.empty());
  CHECK(f.key("edwards").alg == "EdDSA");
}

TEST_CASE("one of many rotations at the same time is announced", "[store][race]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(f.database);
  auto now = kNow;
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      now += hours(1);
      const auto name = std::to_string(racers) + "-" + std::to_string(round) + "-";
      const auto outcomes = race<bool>(nodes, racers, [&](Store& store, int racer) {
        return store.rotate_signing_key(key_row(name + std::to_string(racer), now + minutes(5)),
                                        now + hours(2), kActor, now);
      });
      CHECK(std::ranges::count(outcomes, true) == 1);
      RawDatabase raw(f.database.url());
      CHECK(raw.count("signing_keys WHERE state = 'announced'") == 1);
    }
  }
}

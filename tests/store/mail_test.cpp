// The queue of mail: nothing is sent by two nodes, nothing is lost, what is done is erased.
#include <set>

#include "tests/store/mail_samples.h"
#include "tests/store/racers.h"

using namespace store_test;

namespace {

struct Fixture {
  explicit Fixture(Backend backend) : database(backend), store(database.open()) {}
  std::int64_t queue(const std::string& fold, TimePoint at = kNow) {
    const auto mail = sample_mail(*store, fold);
    REQUIRE(run(store->queue_mail(mail, at)));
    return mail.id;
  }
  std::vector<MailRow> take(TimePoint now, int limit = 10) {
    return run(store->take_mail(limit, minutes(1), now)).value();
  }
  MailRow row(std::int64_t id) {
    for (const auto& mail : run(store->list_mail("", "", 100)).value()) {
      if (mail.id == id) return mail;
    }
    FAIL("no such mail");
    return {};
  }
  std::string sealed(std::int64_t id) {
    RawDatabase raw(database.url());
    return raw.run_sql("SELECT sealed FROM mail WHERE id = " + std::to_string(id));
  }
  Database database;
  std::unique_ptr<Store> store;
};

}  // namespace

TEST_CASE("mail is taken oldest first, with a lease, and erased when it ends", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto first = f.queue("a@example.com");
  const auto second = f.queue("b@example.com");
  const auto third = f.queue("c@example.com");
  auto taken = f.take(kNow, 2);
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].id == first);
  CHECK(taken[1].id == second);
  CHECK(taken[0].sealed == "sealed message");
  CHECK(taken[0].kind == "sign_in");
  CHECK(taken[0].attempts == 1);
  CHECK(taken[0].client_id == "client-a");
  CHECK(taken[0].user_id == "user-a");
  CHECK(taken[0].not_after == kNow + minutes(10));
  taken = f.take(kNow);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].id == third);
  CHECK(f.take(kNow + seconds(59)).empty());

  REQUIRE(run(f.store->finish_mail(first, MailResult::accepted, "250 ok\r\nq\xc3\xa4", {}, kNow)));
  CHECK(f.row(first).state == "accepted");
  CHECK(f.row(first).last_result == "250 ok  q??");
  CHECK(f.row(first).finished_at == kNow);
  CHECK(f.sealed(first).empty());
  REQUIRE(
      run(f.store->finish_mail(second, MailResult::retry, "451 later", kNow + minutes(5), kNow)));
  CHECK(f.row(second).state == "queued");
  CHECK(f.row(second).last_result == "451 later");
  CHECK(f.sealed(second) == "sealed message");
  REQUIRE(run(f.store->finish_mail(third, MailResult::failed, std::string(2'000, 'x'), {}, kNow)));
  CHECK(f.row(third).state == "failed");
  CHECK(f.row(third).last_result.size() == 500);
  CHECK(f.sealed(third).empty());
  CHECK(f.take(kNow + minutes(4)).empty());
  // The lease of one whose node died passes.
  REQUIRE(f.take(kNow + minutes(5)).size() == 1);
  taken = f.take(kNow + minutes(6));
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].attempts == 3);
  // Finished late by the first node, and again by the second: the first word stands.
  REQUIRE(run(f.store->finish_mail(second, MailResult::accepted, "250", {}, kNow)));
  REQUIRE(run(f.store->finish_mail(second, MailResult::bounced, "550", {}, kNow)));
  CHECK(f.row(second).state == "accepted");
  CHECK(run(f.store->list_suppressions("", 10)).value().empty());
}

TEST_CASE("mail that is too late is not sent", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto late = f.queue("a@example.com");
  const auto retried = f.queue("b@example.com");
  REQUIRE(f.take(kNow).size() == 2);
  REQUIRE(run(f.store->finish_mail(retried, MailResult::retry, "451", kNow + minutes(10), kNow)));
  CHECK(f.row(retried).state == "expired");
  CHECK(f.row(retried).last_result == "451");
  CHECK(f.sealed(retried).empty());
  CHECK(f.take(kNow + minutes(10)).empty());
  CHECK(f.row(late).state == "expired");
  CHECK(f.row(late).attempts == 1);
  CHECK(f.sealed(late).empty());
  const auto untouched = f.queue("c@example.com");
  REQUIRE(run(f.store->remove_expired(kNow + minutes(11), 100)));
  CHECK(f.row(untouched).state == "expired");
  CHECK(f.sealed(untouched).empty());
}

TEST_CASE("an address that bounced gets no more, until the operator lifts it", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto first = f.queue("a@example.com");
  REQUIRE(f.take(kNow).size() == 1);
  REQUIRE(run(f.store->finish_mail(first, MailResult::bounced, "550 nobody", {}, kNow)));
  CHECK(f.row(first).state == "bounced");
  const auto suppressed = run(f.store->list_suppressions("", 10)).value();
  REQUIRE(suppressed.size() == 1);
  CHECK(suppressed[0].address_fold == "a@example.com");
  CHECK(suppressed[0].reason == "550 nobody");
  CHECK(suppressed[0].created_at == kNow);
  CHECK(run(f.store->list_suppressions("a@example.com", 10)).value().empty());
  CHECK(run(f.store->is_suppressed("a@example.com")).value());
  CHECK_FALSE(run(f.store->is_suppressed("b@example.com")).value());
  const auto second = f.queue("a@example.com");
  const auto other = f.queue("b@example.com");
  const auto taken = f.take(kNow);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].id == other);
  CHECK(f.row(second).state == "suppressed");
  CHECK(f.row(second).attempts == 0);
  CHECK(f.sealed(second).empty());
  CHECK(run(f.store->list_mail("suppressed", "a@example.com", 10)).value().size() == 1);
  CHECK(run(f.store->list_mail("", "a@example.com", 10)).value().size() == 2);
  CHECK(run(f.store->list_mail("", "", 1)).value().at(0).id == other);
  CHECK(run(f.store->list_mail("bounced", "b@example.com", 10)).value().empty());
  CHECK(run(f.store->remove_suppression("a@example.com", kActor, kNow)).value());
  CHECK_FALSE(run(f.store->remove_suppression("a@example.com", kActor, kNow)).value());
  CHECK_FALSE(run(f.store->is_suppressed("a@example.com")).value());
  f.queue("a@example.com");
  CHECK(f.take(kNow).size() == 1);
  RawDatabase raw(f.database.url());
  CHECK(raw.count("audit WHERE action = 'mail.unsuppress'") == 1);
}

TEST_CASE("one mail is taken by one node", "[store][race]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(f.database);
  for (const int racers : kRacers) {
    std::set<std::int64_t> queued;
    for (int i = 0; i < 12; ++i) queued.insert(f.queue("a@example.com"));
    const auto taken = race<std::vector<MailRow>>(nodes, racers, [](Store& store, int racer) {
      return store.take_mail(3 + racer % 5, hours(1), kNow);
    });
    std::multiset<std::int64_t> seen;
    for (const auto& batch : taken) {
      for (const auto& mail : batch) seen.insert(mail.id);
    }
    for (const auto& rest : run(nodes.one->take_mail(100, hours(1), kNow)).value()) {
      seen.insert(rest.id);
    }
    CHECK(seen.size() == queued.size());
    CHECK(std::set<std::int64_t>(seen.begin(), seen.end()) == queued);
    for (const auto id : queued) {
      REQUIRE(run(f.store->finish_mail(id, MailResult::accepted, "250", {}, kNow)));
    }
  }
}

TEST_CASE("what is proved and told by mail goes in time", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  RawDatabase raw(f.database.url());
  start(*f.store, ChallengePurpose::sign_in, "u1", "a@example.com");
  auto decoy = sample_challenge(*f.store, ChallengePurpose::sign_in, "", "b@example.com");
  decoy.mail.decoy = true;
  REQUIRE(run(f.store->start_challenge(decoy, kNow)));
  REQUIRE(run(f.store->insert_user(sample_user("u1", "a@example.com"), kActor, kNow)));
  const auto mail = f.take(kNow).at(0).id;
  REQUIRE(run(f.store->finish_mail(mail, MailResult::bounced, "550", {}, kNow)));
  const auto clean = [&](TimePoint now) {
    while (run(f.store->remove_expired(now, 100)).value() > 0) {
    }
  };
  clean(kNow + hours(23));
  CHECK(raw.count("email_challenges") == 2);
  CHECK(raw.count("mail") == 2);
  clean(kNow + hours(25));
  CHECK(raw.count("email_challenges") == 0);
  CHECK(raw.count("mail WHERE state = 'decoy'") == 0);
  CHECK(raw.count("mail") == 1);
  clean(kNow + days(29));
  CHECK(raw.count("mail") == 1);
  clean(kNow + days(31));
  CHECK(raw.count("mail") == 0);
  clean(kNow + days(401));
  CHECK(raw.count("mail_suppressions") == 1);
}

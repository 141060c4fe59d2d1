// What is owed to clients when sessions end, and the ledger of its delivery.
#include "tests/store/racers.h"

using namespace store_test;

namespace {

// One person with a session that served three clients: with a back channel, without, and removed.
struct Fixture {
  explicit Fixture(Backend backend) : database(backend), store(database.open()) {
    who = sign_in_sample(*store, "a");
    for (const char* id : {"back", "gone"}) {
      Client client = sample_client(id);
      client.backchannel_logout_uri = std::string("https://") + id + ".example/logout";
      REQUIRE(run(store->insert_client(client, kActor, kNow)));
      visit(id, id == std::string("back") ? "pairwise" : "");
    }
    visit(who.client_id, "");
    REQUIRE(run(store->remove_client("gone", kActor, kNow)).value());
  }
  void visit(const std::string& client_id, const std::string& subject) {
    auto visitor = who;
    visitor.client_id = client_id;
    auto command = issue_command(*store, visitor);
    command.grant.subject = subject;
    REQUIRE(run(store->issue_code(command, kActor, kNow)) == IssueCodeOutcome::issued);
  }
  std::vector<LogoutDelivery> list(const char* state = "") {
    return run(store->list_logout_deliveries(state, 100)).value();
  }
  std::vector<LogoutDelivery> take(TimePoint now, int limit = 10) {
    return run(store->take_logout_deliveries(limit, minutes(1), now)).value();
  }
  Database database;
  std::unique_ptr<Store> store;
  SignedIn who;
};

}  // namespace

TEST_CASE("the end of a session names its clients and queues their deliveries", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto served =
      run(f.store->end_sessions(f.who.browser.stored.row, {f.who.session_id}, kActor, kNow))
          .value();
  REQUIRE(served.size() == 2);  // in order of the client's id
  CHECK(served[0].client_id == "back");
  CHECK(served[0].sid == f.who.sid);
  CHECK(served[0].subject == "pairwise");
  CHECK(served[1].client_id == f.who.client_id);
  CHECK(served[1].subject == f.who.user_id);
  const auto queued = f.list();
  REQUIRE(queued.size() == 1);
  CHECK(queued[0].client_id == "back");
  CHECK(queued[0].uri == "https://back.example/logout");
  CHECK(queued[0].sid == f.who.sid);
  CHECK(queued[0].subject == "pairwise");
  CHECK(queued[0].state == "queued");
  CHECK(queued[0].attempts == 0);
  CHECK(queued[0].created_at == kNow);
  CHECK(queued[0].next_attempt_at == kNow);
  CHECK_FALSE(queued[0].finished_at);
  // Ended once, told once.
  CHECK(run(f.store->end_sessions(f.who.browser.stored.row, {f.who.session_id}, kActor, kNow))
            .value()
            .empty());
  CHECK(run(f.store->sign_out_user(f.who.user_id, kActor, kNow)).value());
  CHECK(f.list().size() == 1);
}

TEST_CASE("every other way a session ends queues the same", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  SECTION("sign-out by the operator") {
    CHECK(run(f.store->sign_out_user(f.who.user_id, kActor, kNow)).value());
    CHECK(f.list().size() == 1);
  }
  SECTION("a new password") {
    CHECK(run(f.store->set_password(f.who.user_id, "new", kActor, kNow)).value());
    CHECK(f.list().size() == 1);
  }
  SECTION("disabling") {
    CHECK(run(f.store->set_user_status(f.who.user_id, UserStatus::disabled, kActor, kNow)).value());
    CHECK(f.list().size() == 1);
  }
  SECTION("but enabling does not") {
    CHECK(run(f.store->set_user_status(f.who.user_id, UserStatus::active, kActor, kNow)).value());
    CHECK(f.list().empty());
  }
  SECTION("nor removing a client") {
    CHECK(run(f.store->remove_client("back", kActor, kNow)).value());
    CHECK(f.list().empty());
  }
  SECTION("nor a refused end") {
    const auto other = f.who.browser.stored.row + 1;
    CHECK(run(f.store->end_sessions(other, {f.who.session_id}, kActor, kNow)).value().empty());
    CHECK(f.list().empty());
  }
}

TEST_CASE("several sessions of one person are told one by one", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  auto second = sign_in_command(*f.store, f.who.user_id, "a@example.com");
  REQUIRE(run(f.store->sign_in(second, kActor, kNow)) == SignInOutcome::signed_in);
  const auto first = f.who;
  f.who.browser.stored = second.new_browser;
  f.who.session_id = second.session_row;
  f.who.sid = second.sid;
  f.visit("back", "pairwise");
  f.visit("back", "moved");  // the client's sector has changed
  CHECK(run(f.store->set_password(f.who.user_id, "new", kActor, kNow)).value());
  const auto queued = f.list();
  REQUIRE(queued.size() == 2);
  CHECK(queued[0].sid == second.sid);  // newest first
  CHECK(queued[0].subject == "moved");
  CHECK(queued[1].sid == first.sid);
  CHECK(queued[1].subject == "pairwise");
}

TEST_CASE("a delivery is taken, tried again and finished", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  CHECK(f.take(kNow).empty());
  CHECK(run(f.store->sign_out_user(f.who.user_id, kActor, kNow)).value());
  CHECK(f.take(kNow - milliseconds(1)).empty());
  CHECK(f.take(kNow, 0).empty());
  auto taken = f.take(kNow);
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].attempts == 1);
  CHECK(taken[0].subject == "pairwise");
  const auto id = taken[0].id;
  CHECK(f.take(kNow).empty());
  CHECK(f.take(kNow + seconds(59)).empty());
  // Whoever took it has died.
  taken = f.take(kNow + seconds(60));
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].attempts == 2);
  const auto retry_at = kNow + minutes(30);
  REQUIRE(run(f.store->finish_logout_delivery(id, false, "HTTP 503", retry_at, kNow)));
  CHECK(f.list("queued").at(0).last_result == "HTTP 503");
  CHECK(f.take(retry_at - milliseconds(1)).empty());
  REQUIRE(f.take(retry_at).size() == 1);
  const bool delivered = GENERATE(true, false);
  REQUIRE(run(f.store->finish_logout_delivery(id, delivered, "result", std::nullopt, retry_at)));
  const std::string state = delivered ? "delivered" : "failed";
  // What is done stays done.
  REQUIRE(run(f.store->finish_logout_delivery(id, !delivered, "late", kNow, kNow)));
  CHECK(f.take(kNow + days(1)).empty());
  CHECK(f.list("queued").empty());
  const auto done = f.list(state.c_str());
  REQUIRE(done.size() == 1);
  CHECK(done[0].last_result == "result");
  CHECK(done[0].attempts == 3);
  CHECK(done[0].finished_at == retry_at);
  REQUIRE(run(f.store->remove_expired(retry_at + days(30) - milliseconds(1), 10)));
  CHECK(f.list().size() == 1);
  REQUIRE(run(f.store->remove_expired(retry_at + days(30), 10)));
  CHECK(f.list().empty());
}

TEST_CASE("what was not delivered yet is never removed", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  CHECK(run(f.store->sign_out_user(f.who.user_id, kActor, kNow)).value());
  for (int i = 0; i < 5; ++i) REQUIRE(run(f.store->remove_expired(kNow + days(500), 100)));
  CHECK(f.list("queued").size() == 1);
}

TEST_CASE("a delivery is taken by one node", "[store][race]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(f.database);
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      auto command = sign_in_command(*f.store, f.who.user_id, "a@example.com");
      REQUIRE(run(f.store->sign_in(command, kActor, kNow)) == SignInOutcome::signed_in);
      f.who.browser.stored = command.new_browser;
      f.who.session_id = command.session_row;
      f.visit("back", "pairwise");
      REQUIRE(run(f.store->sign_out_user(f.who.user_id, kActor, kNow)).value());
      const auto due = f.list("queued").size();
      const auto taken = race<std::vector<LogoutDelivery>>(nodes, racers, [&](Store& store, int) {
        return store.take_logout_deliveries(100, minutes(1), kNow);
      });
      std::vector<std::int64_t> ids;
      for (const auto& some : taken) {
        for (const auto& delivery : some) ids.push_back(delivery.id);
      }
      CHECK(ids.size() == due);
      for (const auto id : ids) {
        REQUIRE(run(f.store->finish_logout_delivery(id, true, "HTTP 200", std::nullopt, kNow)));
      }
    }
  }
}

TEST_CASE("a session that ends many times at once is told once", "[store][race]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(f.database);
  const auto ends = race<std::vector<EndedSessionClient>>(nodes, 16, [&](Store& store, int) {
    return store.end_sessions(f.who.browser.stored.row, {f.who.session_id}, kActor, kNow);
  });
  CHECK(std::ranges::count_if(ends, [](const auto& served) { return served.size() == 2; }) == 1);
  CHECK(std::ranges::count_if(ends, [](const auto& served) { return served.empty(); }) == 15);
  CHECK(f.list().size() == 1);
}

TEST_CASE("no client that joins a session as it ends is forgotten", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  for (int round = 0; round < 10; ++round) {
    const auto who = sign_in_sample(*nodes.one, "r" + std::to_string(round));
    Client client = sample_client(who.client_id);
    client.backchannel_logout_uri = "https://back.example/logout";
    client.updated_at = run(nodes.one->find_client(client.client_id, kNow)).value()->updated_at;
    REQUIRE(run(nodes.one->update_client(client, kActor, kNow)).value() == UpdateOutcome::updated);
    std::vector<Task<StoreResult<IssueCodeOutcome>>> tasks;
    for (int i = 0; i < 8; ++i) {
      tasks.push_back(nodes.of(i).issue_code(issue_command(nodes.of(i), who), kActor, kNow));
    }
    const auto sign_out = [](Store& store, std::string id) -> Task<StoreResult<IssueCodeOutcome>> {
      const auto done = co_await store.sign_out_user(id, kActor, kNow);
      if (!done) co_return std::unexpected(done.error());
      co_return IssueCodeOutcome::session_ended;
    };
    tasks.insert(tasks.begin() + round % 8, sign_out(nodes.of(round), who.user_id));
    for (const auto& result : run_all(std::move(tasks))) REQUIRE(result);
    RawDatabase raw(database.url());
    CHECK(raw.count("session_clients WHERE client_id = '" + who.client_id + "'") ==
          raw.count("logout_deliveries WHERE client_id = '" + who.client_id + "'"));
  }
}

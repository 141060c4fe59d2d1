// What registration, assertions and pushed requests use up, with 1 to 64 racers over two nodes.
#include "tests/store/racers.h"

using namespace store_test;

TEST_CASE("an initial access token registers exactly as many clients as it has uses",
          "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  for (const int racers : kRacers) {
    for (const int uses : {1, 5}) {
      InitialAccessToken token;
      token.stored =
          make_credential(CredentialKind::initial_access, 1, nodes.one->next_row()).stored;
      token.uses_left = token.uses_total = uses;
      token.expires_at = kNow + days(1);
      REQUIRE(run(nodes.one->insert_initial_access(token, kActor, kNow)));
      const auto name = "c" + std::to_string(racers) + "-" + std::to_string(uses) + "-";
      const auto outcomes = race<RegisterOutcome>(nodes, racers, [&](Store& store, int racer) {
        RegisterClient command;
        command.client = sample_client(name + std::to_string(racer));
        command.initial_access = token.stored;
        return store.register_client(command, kActor, kNow);
      });
      const auto expected = std::min(racers, uses);
      CHECK(std::ranges::count(outcomes, RegisterOutcome::registered) == expected);
      CHECK(std::ranges::count(outcomes, RegisterOutcome::token_refused) == racers - expected);
      RawDatabase raw(database.url());
      CHECK(raw.count("clients WHERE client_id LIKE '" + name + "%'") == expected);
      CHECK(raw.run_sql("SELECT uses_left FROM initial_access_tokens WHERE id = " +
                        std::to_string(token.stored.row)) == std::to_string(uses - expected));
    }
  }
}

TEST_CASE("of updates that read the same state one is written", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  REQUIRE(run(nodes.one->insert_client(sample_client("c1"), kActor, kNow)));
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      // A node of its own: the others may hold an older state for a second.
      const auto read = run(database.open()->find_client("c1", kNow)).value();
      const auto outcomes = race<UpdateOutcome>(nodes, racers, [&](Store& store, int racer) {
        auto next = *read;
        next.client_secret_digest = std::to_string(racer);
        return store.update_client(std::move(next), kActor, kNow);
      });
      CHECK(std::ranges::count(outcomes, UpdateOutcome::updated) == 1);
      CHECK(std::ranges::count(outcomes, UpdateOutcome::changed) == racers - 1);
    }
  }
}

TEST_CASE("strangers never exceed their number, whoever comes and goes", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  constexpr int kMost = 10;
  const auto outcomes = race<RegisterOutcome>(nodes, 64, [&](Store& store, int racer) {
    RegisterClient command;
    command.client = sample_client("s" + std::to_string(racer));
    command.client.quarantined = true;
    command.most_quarantined = kMost;
    return store.register_client(command, kActor, kNow);
  });
  CHECK(std::ranges::count(outcomes, RegisterOutcome::registered) == kMost);
  CHECK(std::ranges::count(outcomes, RegisterOutcome::full) == 64 - kMost);
  RawDatabase raw(database.url());
  const auto counted = [&] {
    return std::stoll(raw.run_sql("SELECT value FROM meta WHERE name = 'quarantined_clients'"));
  };
  CHECK(raw.count("clients") == kMost);
  CHECK(counted() == kMost);

  // Removal by several at once, beside the clean-up of two nodes.
  std::vector<Task<StoreResult<std::int64_t>>> tasks;
  const auto remove = [](Store& store, std::string id) -> Task<StoreResult<std::int64_t>> {
    const auto done = co_await store.remove_client(id, kActor, kNow);
    if (!done) co_return std::unexpected(done.error());
    co_return *done ? 1 : 0;
  };
  const std::string victim = raw.run_sql("SELECT MIN(client_id) FROM clients");
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(remove(nodes.of(i), victim));
    tasks.push_back(nodes.of(i).remove_expired(kNow + days(7), 3, days(7)));
  }
  std::int64_t removed = 0;
  for (const auto& result : run_all(std::move(tasks))) {
    INFO((result ? "" : result.error().detail));
    REQUIRE(result);
    removed += *result;
  }
  CHECK(removed == kMost - raw.count("clients WHERE removed_at IS NULL"));
  CHECK(counted() == raw.count("clients WHERE removed_at IS NULL"));
  while (run(nodes.one->remove_expired(kNow + days(7), 3, days(7))).value() > 0) {
  }
  CHECK(counted() == 0);
}

TEST_CASE("an assertion is accepted once", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      const auto jti = std::to_string(racers) + "-" + std::to_string(round);
      const auto outcomes = race<bool>(nodes, racers, [&](Store& store, int) {
        return store.use_assertion("c1", jti, kNow + minutes(5), kNow);
      });
      CHECK(std::ranges::count(outcomes, true) == 1);
    }
  }
}

TEST_CASE("a pushed request is used once", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto who = sign_in_sample(*nodes.one, "a");
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      PushedRequest request;
      request.stored =
          make_credential(CredentialKind::pushed_request, 1, nodes.one->next_row()).stored;
      request.client_id = who.client_id;
      request.parameters = "scope=openid";
      request.expires_at = kNow + seconds(90);
      REQUIRE(run(nodes.one->insert_pushed_request(request, kNow)));
      RawDatabase raw(database.url());
      const auto grants = raw.count("grants");
      const auto outcomes = race<IssueCodeOutcome>(nodes, racers, [&](Store& store, int) {
        auto command = issue_command(store, who);
        command.pushed_request = request.stored;
        return store.issue_code(command, kActor, kNow);
      });
      CHECK(std::ranges::count(outcomes, IssueCodeOutcome::issued) == 1);
      CHECK(std::ranges::count(outcomes, IssueCodeOutcome::request_used) == racers - 1);
      CHECK(raw.count("grants") == grants + 1);
    }
  }
}

TEST_CASE("a grant that is revoked while its token rotates ends", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto who = sign_in_sample(*nodes.one, "a");
  for (int round = 0; round < 20; ++round) {
    const auto issued = issue_refresh(*nodes.one, who);
    const auto next = refresh_for(*nodes.one, issued.grant, issued.refresh.stored.row);
    const auto rotate = [](Store& store, RotateRefresh command) -> Task<StoreResult<bool>> {
      const auto outcome = co_await store.rotate_refresh(command, kActor, kNow);
      if (!outcome) co_return std::unexpected(outcome.error());
      co_return *outcome == RotateOutcome::rotated;
    };
    std::vector<Task<StoreResult<bool>>> tasks;
    tasks.push_back(rotate(*nodes.one, {issued.refresh.stored.row, next, "sealed"}));
    tasks.push_back(nodes.two->revoke_grant(issued.grant.id, "test", kActor, kNow));
    if (round % 2 == 0) std::ranges::reverse(tasks);
    const auto results = run_all(std::move(tasks));
    for (const auto& result : results) REQUIRE(result);
    CHECK(results[round % 2 == 0 ? 0 : 1].value());  // the revocation always counts
    CHECK_FALSE(run(nodes.one->load_access(issued.grant.id, "j", kNow)).value()->live);
  }
}

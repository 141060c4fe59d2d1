// What happens once happens once, with 1 to 64 racers over two nodes of one database.
#include "tests/store/racers.h"

using namespace store_test;

TEST_CASE("a code is redeemed once", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto who = sign_in_sample(*nodes.one, "a");
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      const auto command = issue_command(*nodes.one, who);
      REQUIRE(run(nodes.one->issue_code(command, kActor, kNow)) == IssueCodeOutcome::issued);
      const auto outcomes = race<RedeemOutcome>(nodes, racers, [&](Store& store, int) {
        return store.redeem_code({command.code->stored.row, command.grant.id, who.client_id,
                                  refresh_for(store, command.grant)},
                                 kActor, kNow);
      });
      CHECK(std::ranges::count(outcomes, RedeemOutcome::redeemed) == 1);
      CHECK(std::ranges::count(outcomes, RedeemOutcome::already_used) == racers - 1);
      RawDatabase raw(database.url());
      CHECK(raw.count("refresh_tokens WHERE grant_id = " + std::to_string(command.grant.id)) == 1);
    }
  }
}

TEST_CASE("a refresh token is rotated once", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto who = sign_in_sample(*nodes.one, "a");
  for (const int racers : kRacers) {
    auto issued = issue_refresh(*nodes.one, who);
    for (int round = 0; round < kRounds; ++round) {
      std::vector<oidc::model::RefreshToken> successors;
      for (int i = 0; i < racers; ++i) {
        successors.push_back(refresh_for(nodes.of(i), issued.grant, issued.refresh.stored.row));
      }
      const auto outcomes = race<RotateOutcome>(nodes, racers, [&](Store& store, int racer) {
        return store.rotate_refresh({issued.refresh.stored.row, successors.at(racer),
                                     "sealed" + std::to_string(racer) + std::string(1, '\0')},
                                    kActor, kNow);
      });
      REQUIRE(std::ranges::count(outcomes, RotateOutcome::rotated) == 1);
      CHECK(std::ranges::count(outcomes, RotateOutcome::already_used) == racers - 1);
      const auto winner = static_cast<std::size_t>(
          std::ranges::find(outcomes, RotateOutcome::rotated) - outcomes.begin());
      const auto old = run(nodes.one->load_refresh(issued.refresh.stored, kNow)).value();
      REQUIRE(old);
      CHECK(old->token.used_at == kNow);
      CHECK(old->token.successor_row == successors[winner].stored.row);
      CHECK(old->token.successor_sealed ==
            "sealed" + std::to_string(winner) + std::string(1, '\0'));
      CHECK_FALSE(old->successor_used);
      issued.refresh = successors[winner];
    }
    RawDatabase raw(database.url());
    CHECK(raw.count("refresh_tokens WHERE grant_id = " + std::to_string(issued.grant.id)) ==
          kRounds + 1);
  }
}

TEST_CASE("a grant is revoked once", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto who = sign_in_sample(*nodes.one, "a");
  for (const int racers : kRacers) {
    const auto issued = issue_refresh(*nodes.one, who);
    const auto outcomes = race<bool>(nodes, racers, [&](Store& store, int) {
      return store.revoke_grant(issued.grant.id, "reuse", kActor, kNow);
    });
    CHECK(std::ranges::count(outcomes, true) == 1);
  }
}

TEST_CASE("a cookie is replaced once", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto who = sign_in_sample(*nodes.one, "a");
  std::vector<SignIn> commands;
  for (int i = 0; i < 16; ++i) {
    commands.push_back(sign_in_command(nodes.of(i), who.user_id, "a@example.com"));
    commands.back().old_browser = who.browser.stored.row;
  }
  const auto outcomes = race<SignInOutcome>(nodes, 16, [&](Store& store, int racer) {
    return store.sign_in(commands.at(racer), kActor, kNow);
  });
  CHECK(std::ranges::count(outcomes, SignInOutcome::signed_in) == 16);
  RawDatabase raw(database.url());
  // The old session lives on in exactly one of the new cookies.
  CHECK(raw.count("sessions WHERE id = " + std::to_string(who.session_id) +
                  " AND ended_at IS NULL") == 1);
  CHECK(raw.count("sessions") == 16);
}

TEST_CASE("unique values are taken once, and keys are made once", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  std::vector<Task<StoreResult<void>>> tasks;
  for (int i = 0; i < 32; ++i) {
    tasks.push_back(nodes.of(i).insert_user(
        sample_user("u" + std::to_string(i), "same@example.com"), kActor, kNow));
  }
  const auto results = run_all(std::move(tasks));
  CHECK(std::ranges::count_if(results, [](const auto& r) { return r.has_value(); }) == 1);
  for (const auto& result : results) {
    if (!result) CHECK(result.error().fault == StoreFault::conflict);
  }
  const auto keys = race<std::vector<SigningKeyRow>>(nodes, 16, [&](Store& store, int racer) {
    SigningKeyRow key{"kid" + std::to_string(racer), "RS256", "active", "{}", "s", kNow, kNow, {}};
    return store.ensure_signing_keys({key}, kActor, kNow);
  });
  for (const auto& set : keys) {
    REQUIRE(set.size() == 1);
    CHECK(set[0].kid == keys[0][0].kid);
  }
}

TEST_CASE("exactly as many attempts pass as a bucket holds", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto outcomes = race<Reservation>(nodes, 200, [&](Store& store, int racer) {
    std::vector<Bucket> buckets = {
        {"account", 10}, {"source" + std::to_string(racer % 7), 1'000}, {"site", 1'000}};
    if (racer % 2 == 0) std::ranges::reverse(buckets);
    return store.reserve_attempt(buckets, minutes(15), kNow);
  });
  CHECK(std::ranges::count_if(outcomes, &Reservation::allowed) == 10);
  for (const auto& outcome : outcomes) {
    if (!outcome.allowed) CHECK(outcome.retry_at == kNow + minutes(15));
  }
  RawDatabase raw(database.url());
  // A refused attempt is counted nowhere.
  CHECK(raw.run_sql("SELECT count FROM throttle WHERE bucket = 'site'") == "10");
  CHECK(raw.run_sql("SELECT SUM(count) FROM throttle WHERE bucket LIKE 'source%'") == "10");

  REQUIRE(run(nodes.one->give_back({"site", "account"})));
  CHECK(run(nodes.two->reserve_attempt({{"account", 10}}, minutes(15), kNow)).value().allowed);
  CHECK_FALSE(
      run(nodes.two->reserve_attempt({{"account", 10}}, minutes(15), kNow)).value().allowed);
  // The next window begins from nothing.
  const auto next = kNow + minutes(15);
  CHECK(run(nodes.two->reserve_attempt({{"account", 1}}, minutes(15), next)).value().allowed);
  CHECK_FALSE(run(nodes.two->reserve_attempt({{"account", 1}}, minutes(15), next)).value().allowed);
}

TEST_CASE("a password change leaves no session of a sign-in at the same time", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  for (int round = 0; round < 10; ++round) {
    const std::string suffix = "r" + std::to_string(round);
    const auto who = sign_in_sample(*nodes.one, suffix);
    std::vector<Task<StoreResult<SignInOutcome>>> sign_ins;
    for (int i = 0; i < 8; ++i) {
      sign_ins.push_back(nodes.of(i).sign_in(
          sign_in_command(nodes.of(i), who.user_id, suffix + "@example.com"), kActor, kNow));
    }
    const auto change = [](Store& store, std::string id) -> Task<StoreResult<SignInOutcome>> {
      const auto done = co_await store.set_password(id, "new hash", kActor, kNow);
      if (!done) co_return std::unexpected(done.error());
      co_return SignInOutcome::account_changed;
    };
    sign_ins.insert(sign_ins.begin() + round % 8, change(nodes.of(round), who.user_id));
    for (const auto& result : run_all(std::move(sign_ins))) REQUIRE(result);
    RawDatabase raw(database.url());
    CHECK(raw.count("sessions WHERE ended_at IS NULL AND user_id = '" + who.user_id + "'") == 0);
  }
}

TEST_CASE("an ending leaves no grant that was issued at the same time", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  for (int round = 0; round < 10; ++round) {
    const auto who = sign_in_sample(*nodes.one, "r" + std::to_string(round));
    std::vector<IssueCode> commands;
    std::vector<Task<StoreResult<IssueCodeOutcome>>> tasks;
    for (int i = 0; i < 16; ++i) {
      commands.push_back(issue_command(nodes.of(i), who, true));
      tasks.push_back(nodes.of(i).issue_code(commands.back(), kActor, kNow));
    }
    const auto disable = [](Store& store, std::string id) -> Task<StoreResult<IssueCodeOutcome>> {
      const auto done = co_await store.set_user_status(id, UserStatus::disabled, kActor, kNow);
      if (!done) co_return std::unexpected(done.error());
      co_return IssueCodeOutcome::session_ended;
    };
    tasks.insert(tasks.begin() + round, disable(nodes.of(round), who.user_id));
    for (const auto& result : run_all(std::move(tasks))) REQUIRE(result);
    RawDatabase raw(database.url());
    CHECK(raw.count("grants WHERE revoked_at IS NULL AND user_id = '" + who.user_id + "'") == 0);
  }
}

TEST_CASE("two consents at the same time are both remembered", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto who = sign_in_sample(*nodes.one, "a");
  const auto outcomes = race<IssueCodeOutcome>(nodes, 16, [&](Store& store, int racer) {
    auto command = issue_command(store, who);
    command.grant.scope = "openid s" + std::to_string(racer);
    command.remember_consent = command.grant.scope;
    return store.issue_code(command, kActor, kNow);
  });
  CHECK(std::ranges::count(outcomes, IssueCodeOutcome::issued) == 16);
  const auto scope = run(nodes.one->find_consent(who.user_id, who.client_id)).value();
  CHECK(std::ranges::count(scope, ' ') == 16);
  CHECK(run(nodes.one->find_consent(who.user_id, "other")).value().empty());
}

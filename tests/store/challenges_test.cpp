// Challenges by mail: answered once, counted exactly, the same rows for strangers.
#include "tests/store/mail_samples.h"
#include "tests/store/racers.h"

using namespace store_test;

TEST_CASE("a challenge is read back as it was asked, until it ends", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto command =
      sample_challenge(*store, ChallengePurpose::change_email, "u1", "a@example.com");
  REQUIRE(run(store->start_challenge(command, kNow)));
  const auto& asked = command.challenge;
  const auto found = run(store->find_challenge(asked.link.row, kNow)).value();
  REQUIRE(found);
  CHECK(found->link.digest == asked.link.digest);
  CHECK(found->purpose == asked.purpose);
  CHECK(found->client_id == asked.client_id);
  CHECK(found->user_id == asked.user_id);
  CHECK(found->email_fold == asked.email_fold);
  CHECK(found->binding == asked.binding);
  CHECK(found->code_digest == asked.code_digest);
  CHECK(found->number == asked.number);
  CHECK(found->payload == asked.payload);
  CHECK(found->asked_from == asked.asked_from);
  CHECK(found->created_at == kNow);
  CHECK(found->expires_at == asked.expires_at);
  CHECK(found->code_attempts == 0);
  CHECK_FALSE(found->approved_at);
  CHECK_FALSE(found->used_at);
  CHECK_FALSE(run(store->find_challenge(asked.link.row, asked.expires_at)).value());
  CHECK_FALSE(run(store->find_challenge(asked.link.row + 1, kNow)).value());
  CHECK_FALSE(run(store->use_challenge(asked.link.row, asked.expires_at)).value());
  CHECK(run(store->try_code(asked.link.row, "right code", asked.expires_at)) ==
        CodeOutcome::closed);
  CHECK(run(store->list_mail("queued", "a@example.com", 10)).value().size() == 1);
  // Reading changed nothing.
  CHECK(run(store->use_challenge(asked.link.row, kNow)).value());
  CHECK_FALSE(run(store->use_challenge(asked.link.row, kNow)).value());
  CHECK(run(store->find_challenge(asked.link.row, kNow)).value()->used_at == kNow);
}

TEST_CASE("a newer challenge of the same browser closes the older one only", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  auto first = sample_challenge(*store, ChallengePurpose::sign_in, "u1", "a@example.com");
  REQUIRE(run(store->start_challenge(first, kNow)));
  const auto other_browser = start(*store, ChallengePurpose::sign_in, "u1", "a@example.com");
  auto other_purpose =
      sample_challenge(*store, ChallengePurpose::reset_password, "u1", "a@example.com");
  other_purpose.challenge.binding = first.challenge.binding;
  REQUIRE(run(store->start_challenge(other_purpose, kNow)));
  auto second = sample_challenge(*store, ChallengePurpose::sign_in, "u1", "a@example.com");
  second.challenge.binding = first.challenge.binding;
  REQUIRE(run(store->start_challenge(second, kNow + seconds(1))));
  const auto now = kNow + seconds(1);
  CHECK_FALSE(run(store->find_challenge(first.challenge.link.row, now)).value());
  CHECK_FALSE(run(store->use_challenge(first.challenge.link.row, now)).value());
  CHECK(run(store->find_challenge(other_browser, now)).value());
  CHECK(run(store->find_challenge(other_purpose.challenge.link.row, now)).value());
  CHECK(run(store->find_challenge(second.challenge.link.row, now)).value());
}

TEST_CASE("a decoy is a row like any other that nothing answers", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto known = sample_challenge(*store, ChallengePurpose::sign_in, "user1", "a@example.com");
  auto stranger = sample_challenge(*store, ChallengePurpose::sign_in, "", "b@example.com");
  stranger.mail.decoy = true;
  REQUIRE(run(store->start_challenge(known, kNow)));
  REQUIRE(run(store->start_challenge(stranger, kNow)));
  const auto row = stranger.challenge.link.row;
  CHECK(run(store->find_challenge(row, kNow)).value());
  // Wrong codes are answered as those of a known address; the right one is never right.
  for (const char* code : {"wrong", "", "right code", "wrong", "right code"}) {
    CHECK(run(store->try_code(row, code, kNow)) == CodeOutcome::wrong);
  }
  CHECK(run(store->try_code(row, "wrong", kNow)) == CodeOutcome::closed);
  CHECK(run(store->try_number(row, "427", kNow)) == CodeOutcome::closed);
  CHECK_FALSE(run(store->use_challenge(row, kNow)).value());
  CHECK(run(store->sign_in(sign_in_by_mail(*store, "", row), kActor, kNow)) ==
        SignInOutcome::account_changed);
  RawDatabase raw(database.url());
  CHECK(raw.count("email_challenges") == 2);
  CHECK(raw.count("mail") == 2);
  CHECK(raw.run_sql("SELECT COUNT(DISTINCT LENGTH(sealed)) FROM mail") == "1");
  // Never taken.
  const auto taken = run(store->take_mail(10, minutes(1), kNow)).value();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].address_fold == "a@example.com");
  CHECK(run(store->list_mail("decoy", "", 10)).value().size() == 1);
}

TEST_CASE("codes and numbers close alone", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto row = start(*store, ChallengePurpose::sign_in, "u1", "a@example.com");
  CHECK(run(store->try_code(row, "right code", kNow)) == CodeOutcome::right);
  for (int i = 0; i < oidc::model::kMostCodeAttempts; ++i) {
    CHECK(run(store->try_code(row, i % 2 == 0 ? "wrong" : "", kNow)) == CodeOutcome::wrong);
  }
  CHECK(run(store->try_code(row, "right code", kNow)) == CodeOutcome::closed);
  CHECK(run(store->try_number(row, "417", kNow)) == CodeOutcome::wrong);
  CHECK(run(store->try_number(row, "427", kNow + seconds(1))) == CodeOutcome::right);
  CHECK(run(store->try_number(row, "427", kNow + seconds(2))) == CodeOutcome::right);
  CHECK(run(store->try_number(row, "437", kNow)) == CodeOutcome::wrong);
  CHECK(run(store->try_number(row, "447", kNow)) == CodeOutcome::wrong);
  CHECK(run(store->try_number(row, "427", kNow)) == CodeOutcome::closed);
  const auto found = run(store->find_challenge(row, kNow)).value();
  CHECK(found->code_attempts == oidc::model::kMostCodeAttempts);
  CHECK(found->number_attempts == oidc::model::kMostNumberAttempts);
  CHECK(found->approved_at == kNow + seconds(1));
  CHECK(run(store->use_challenge(row, kNow)).value());
  const auto used = start(*store, ChallengePurpose::sign_in, "u1", "a@example.com");
  CHECK(run(store->use_challenge(used, kNow)).value());
  CHECK(run(store->try_code(used, "right code", kNow)) == CodeOutcome::closed);
  CHECK(run(store->try_number(used, "42", kNow)) == CodeOutcome::closed);
}

TEST_CASE("signing in by mail needs no password, and an open challenge of that person", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  auto plain = sample_user("u1", "a@example.com");
  plain.password_phc.clear();
  REQUIRE(run(store->insert_user(plain, kActor, kNow)));
  REQUIRE(run(store->insert_user(sample_user("u2", "b@example.com"), kActor, kNow)));
  const auto attempt = [&](const std::string& user, std::int64_t row, TimePoint now = kNow) {
    return run(store->sign_in(sign_in_by_mail(*store, user, row), kActor, now)).value();
  };
  const auto row = start(*store, ChallengePurpose::sign_in, "u1", "a@example.com");
  CHECK(attempt("u2", row) == SignInOutcome::challenge_used);
  CHECK(attempt("u1", row, kNow + minutes(10)) == SignInOutcome::challenge_used);
  CHECK(attempt("u1", row + 1) == SignInOutcome::challenge_used);
  CHECK(attempt("u1", start(*store, ChallengePurpose::reset_password, "u1", "a@example.com")) ==
        SignInOutcome::challenge_used);
  RawDatabase raw(database.url());
  CHECK(raw.count("sessions") == 0);
  CHECK(raw.count("browsers") == 0);
  auto command = sign_in_by_mail(*store, "u1", row);
  command.notice = sample_mail(*store, "a@example.com");
  REQUIRE(run(store->sign_in(command, kActor, kNow)) == SignInOutcome::signed_in);
  const auto browser = run(store->load_browser(command.new_browser, hours(12), kNow)).value();
  REQUIRE(browser);
  CHECK(browser->sessions[0].session.amr == "otp");
  CHECK(browser->sessions[0].session.address == "192.0.2.9");
  CHECK(browser->sessions[0].session.browser == "Firefox on Android");
  CHECK(raw.count("mail WHERE id = " + std::to_string(command.notice->id)) == 1);
  const auto history = run(store->list_history("u1", 10)).value();
  REQUIRE(history.size() == 1);
  CHECK(history[0].what == "sign_in");
  CHECK(history[0].method == "otp");
  CHECK(history[0].client_id == "client-a");
  const auto late = start(*store, ChallengePurpose::sign_in, "u1", "a@example.com");
  CHECK(run(store->set_user_status("u1", UserStatus::disabled, kActor, kNow)).value());
  CHECK(attempt("u1", late) == SignInOutcome::account_changed);
  CHECK(run(store->set_user_status("u1", UserStatus::active, kActor, kNow)).value());
  CHECK(attempt("u1", late) == SignInOutcome::challenge_used);  // disabling has closed it
}

TEST_CASE("a challenge is used once", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  REQUIRE(run(nodes.one->insert_user(sample_user("u1", "a@example.com"), kActor, kNow)));
  RawDatabase raw(database.url());
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      const auto before = raw.count("sessions");
      const auto row = start(*nodes.one, ChallengePurpose::sign_in, "u1", "a@example.com");
      const auto outcomes = race<SignInOutcome>(nodes, racers, [&](Store& store, int) {
        return store.sign_in(sign_in_by_mail(store, "u1", row), kActor, kNow);
      });
      CHECK(std::ranges::count(outcomes, SignInOutcome::signed_in) == 1);
      CHECK(std::ranges::count(outcomes, SignInOutcome::challenge_used) == racers - 1);
      CHECK(raw.count("sessions") == before + 1);
    }
    const auto row = start(*nodes.one, ChallengePurpose::change_email, "u1", "a@example.com");
    const auto used = race<bool>(nodes, racers,
                                 [&](Store& store, int) { return store.use_challenge(row, kNow); });
    CHECK(std::ranges::count(used, true) == 1);
  }
}

TEST_CASE("wrong codes and numbers are counted exactly under attack", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  const auto most_codes = oidc::model::kMostCodeAttempts;
  const auto most_numbers = oidc::model::kMostNumberAttempts;
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      const auto row = start(*nodes.one, ChallengePurpose::sign_in, "u1", "a@example.com");
      const auto codes = race<CodeOutcome>(nodes, racers, [&](Store& store, int racer) {
        return store.try_code(row, "wrong " + std::to_string(racer), kNow);
      });
      CHECK(std::ranges::count(codes, CodeOutcome::wrong) ==
            std::min<std::int64_t>(racers, most_codes));
      CHECK(std::ranges::count(codes, CodeOutcome::right) == 0);
      const auto numbers = race<CodeOutcome>(
          nodes, racers, [&](Store& store, int) { return store.try_number(row, "417", kNow); });
      CHECK(std::ranges::count(numbers, CodeOutcome::wrong) ==
            std::min<std::int64_t>(racers, most_numbers));
      const auto found = run(nodes.two->find_challenge(row, kNow)).value();
      CHECK(found->code_attempts == std::min<std::int64_t>(racers, most_codes));
      CHECK(found->number_attempts == std::min<std::int64_t>(racers, most_numbers));
      CHECK_FALSE(found->approved_at);
      // Once the limit is reached the right one is refused too.
      CHECK(run(nodes.one->try_code(row, "right code", kNow)) ==
            (racers >= most_codes ? CodeOutcome::closed : CodeOutcome::right));
      CHECK(run(nodes.one->try_number(row, "427", kNow)) ==
            (racers >= most_numbers ? CodeOutcome::closed : CodeOutcome::right));
    }
  }
}

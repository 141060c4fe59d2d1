// A person's own account: made, changed and deleted, each in one transaction.
#include "tests/store/mail_samples.h"
#include "tests/store/racers.h"

using namespace store_test;

namespace {

// One person with a session, grants and an application with a back channel.
struct Fixture {
  explicit Fixture(Backend backend) : database(backend), store(database.open()) {
    Client client = sample_client("back");
    client.client_name = "Back channel";
    client.backchannel_logout_uri = "https://back.example/logout";
    REQUIRE(run(store->insert_client(client, kActor, kNow)));
    who = sign_in_sample(*store, "a");
    who.client_id = "back";
    auto command = issue_command(*store, who);
    command.remember_consent = "openid email";
    REQUIRE(run(store->issue_code(command, kActor, kNow)) == IssueCodeOutcome::issued);
    offline = issue_refresh(*store, who, true);
  }
  // Another session of the same person, elsewhere.
  SignIn second_session() {
    const auto command = sign_in_command(*store, who.user_id, "a@example.com");
    REQUIRE(run(store->sign_in(command, kActor, kNow + seconds(1))) == SignInOutcome::signed_in);
    return command;
  }
  std::int64_t challenge(ChallengePurpose purpose, const std::string& fold = "a@example.com") {
    return start(*store, purpose, who.user_id, fold);
  }
  std::size_t live_sessions() {
    return run(store->list_sessions(who.user_id, kNow)).value().size();
  }
  bool offline_live() {
    return run(store->load_access(offline.grant.id, "jti", kNow)).value()->live;
  }
  std::string phc() { return run(store->find_password("a@example.com")).value()->phc; }
  AccountOutcome reset(std::int64_t row, std::optional<QueuedMail> notice = std::nullopt) {
    return run(store->reset_password(row, who.user_id, "new hash", kActor, kNow, notice)).value();
  }
  AccountOutcome change(std::int64_t row, const std::string& fold) {
    return run(store->change_email(row, who.user_id, {fold, fold, false}, kActor, kNow,
                                   sample_mail(*store, "a@example.com")))
        .value();
  }
  Database database;
  std::unique_ptr<Store> store;
  SignedIn who;
  Issued offline;
};

NewAccount new_account(std::int64_t row, const std::string& id, const std::string& email) {
  NewAccount command{row, sample_user(id, email), std::nullopt};
  command.user.user.emails[0].verified = false;
  return command;
}

}  // namespace

TEST_CASE("an account is made by whoever answered the mail, and is signed in", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto row = start(*store, ChallengePurpose::sign_up, "", "new@example.com");
  const auto create = [&](const NewAccount& command, TimePoint now = kNow) {
    return run(store->create_account(command, kActor, now)).value();
  };
  // Of another address, purpose or time.
  CHECK(create(new_account(row, "u1", "other@example.com")) == AccountOutcome::challenge_used);
  CHECK(create(new_account(row, "u1", "new@example.com"), kNow + minutes(10)) ==
        AccountOutcome::challenge_used);
  const auto sign_in_row = start(*store, ChallengePurpose::sign_in, "u1", "new@example.com");
  CHECK(create(new_account(sign_in_row, "u1", "new@example.com")) ==
        AccountOutcome::challenge_used);
  RawDatabase raw(database.url());
  CHECK(raw.count("users") == 0);

  auto command = new_account(row, "u1", "new@example.com");
  command.sign_in = sign_in_by_mail(*store, "", 0);
  CHECK(run(store->try_code(row, "right code", kNow)) == CodeOutcome::right);
  CHECK(create(command) == AccountOutcome::done);
  const auto user = run(store->find_user("u1")).value();
  REQUIRE(user);
  CHECK(user->emails.at(0).verified);
  CHECK(run(store->find_password("new@example.com")).value()->phc == kHash);
  CHECK(run(store->load_browser(command.sign_in->new_browser, hours(12), kNow))
            .value()
            ->sessions.at(0)
            .session.user_id == "u1");
  CHECK(run(store->list_history("u1", 10)).value().size() == 2);
  CHECK(raw.count("audit WHERE action = 'user.sign_up' AND subject = 'u1'") == 1);
  CHECK(create(new_account(row, "u2", "new@example.com")) == AccountOutcome::challenge_used);

  // Taken meanwhile: nothing is left of it.
  const auto again = start(*store, ChallengePurpose::sign_up, "", "new@example.com");
  CHECK(create(new_account(again, "u2", "new@example.com")) == AccountOutcome::address_taken);
  CHECK_FALSE(run(store->find_user("u2")).value());
  CHECK_FALSE(run(store->find_challenge(again, kNow)).value()->used_at);
}

TEST_CASE("a new password by mail ends everything, once", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  f.second_session();
  CHECK(f.live_sessions() == 2);
  CHECK(f.reset(f.challenge(ChallengePurpose::sign_in)) == AccountOutcome::challenge_used);
  const auto other = start(*f.store, ChallengePurpose::reset_password, "", "a@example.com");
  CHECK(f.reset(other) == AccountOutcome::challenge_used);
  CHECK(f.phc() == kHash);
  CHECK(f.live_sessions() == 2);
  const auto open = f.challenge(ChallengePurpose::reset_password);
  const auto row = f.challenge(ChallengePurpose::reset_password);
  RawDatabase raw(f.database.url());
  raw.run_sql("UPDATE user_emails SET verified = 0");
  const auto notice = sample_mail(*f.store, "a@example.com");
  CHECK(f.reset(row, notice) == AccountOutcome::done);
  CHECK(f.phc() == "new hash");
  CHECK(f.live_sessions() == 0);
  CHECK_FALSE(f.offline_live());
  CHECK(run(f.store->list_logout_deliveries("queued", 10)).value().size() == 1);
  CHECK(raw.count("mail WHERE id = " + std::to_string(notice.id)) == 1);
  CHECK(raw.count("audit WHERE action = 'user.password' AND detail = 'by mail'") == 1);
  CHECK(run(f.store->find_user(f.who.user_id)).value()->emails.at(0).verified);
  CHECK(run(f.store->list_history(f.who.user_id, 1)).value().at(0).what == "password_changed");
  // Neither this one nor an older one opens anything any more.
  CHECK(f.reset(row) == AccountOutcome::challenge_used);
  CHECK(f.reset(open) == AccountOutcome::challenge_used);
  CHECK(run(f.store->reset_password(0, "nobody", "x", kActor, kNow)) ==
        AccountOutcome::no_such_user);
  CHECK(run(f.store->set_user_status(f.who.user_id, UserStatus::disabled, kActor, kNow)).value());
  CHECK(f.reset(0) == AccountOutcome::no_such_user);
}

TEST_CASE("a new password of somebody signed in needs that session, and ends it too", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto second = f.second_session();
  const auto by = [&](std::int64_t session) {
    return run(f.store->reset_password(0, f.who.user_id, "by session", kActor, kNow, std::nullopt,
                                       session))
        .value();
  };
  CHECK(by(second.session_row + 1) == AccountOutcome::no_such_user);
  CHECK(f.phc() == kHash);
  CHECK(by(second.session_row) == AccountOutcome::done);
  CHECK(f.phc() == "by session");
  CHECK(f.live_sessions() == 0);
  CHECK_FALSE(f.offline_live());
  CHECK(run(f.store->list_logout_deliveries("queued", 10)).value().size() == 1);
  CHECK(by(second.session_row) == AccountOutcome::no_such_user);
  f.second_session();
  // The operator's way ends sessions too, and what was open.
  const auto open = f.challenge(ChallengePurpose::sign_in);
  CHECK(run(f.store->set_password(f.who.user_id, "newer", kActor, kNow)).value());
  CHECK(f.live_sessions() == 0);
  CHECK_FALSE(run(f.store->use_challenge(open, kNow)).value());
}

TEST_CASE("a new address takes the place of the old one", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  REQUIRE(run(f.store->insert_user(sample_user("u2", "taken@example.com"), kActor, kNow)));
  RawDatabase raw(f.database.url());
  const auto mails = raw.count("mail");
  const auto wrong = f.challenge(ChallengePurpose::change_email, "new@example.com");
  CHECK(f.change(wrong, "other@example.com") == AccountOutcome::challenge_used);
  CHECK(f.change(0, "other@example.com") == AccountOutcome::challenge_used);
  const auto taken = f.challenge(ChallengePurpose::change_email, "taken@example.com");
  CHECK(f.change(taken, "taken@example.com") == AccountOutcome::address_taken);
  CHECK(run(f.store->find_user(f.who.user_id)).value()->primary_email() == "a@example.com");
  const auto old = f.challenge(ChallengePurpose::reset_password);
  CHECK(f.change(wrong, "new@example.com") == AccountOutcome::done);
  const auto user = run(f.store->find_user(f.who.user_id)).value();
  REQUIRE(user->emails.size() == 1);
  CHECK(user->emails[0].address == "new@example.com");
  CHECK(user->emails[0].verified);
  CHECK_FALSE(run(f.store->find_user_by_email("a@example.com")).value());
  CHECK(raw.count("mail") == mails + 4);  // three challenges and one notice
  // Sessions stay; a mail to the old address opens nothing.
  CHECK(f.live_sessions() == 1);
  CHECK(f.reset(old) == AccountOutcome::challenge_used);
  // Another spelling of the same, and the old one for somebody else.
  const auto same = f.challenge(ChallengePurpose::change_email, "new@example.com");
  CHECK(run(f.store->change_email(same, f.who.user_id, {"New@example.com", "new@example.com", true},
                                  kActor, kNow)) == AccountOutcome::done);
  CHECK(run(f.store->find_user(f.who.user_id)).value()->primary_email() == "New@example.com");
  REQUIRE(run(f.store->insert_user(sample_user("u3", "a@example.com"), kActor, kNow)));
}

TEST_CASE("a person who is deleted leaves an id and nothing else", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto open = f.challenge(ChallengePurpose::sign_in);
  CHECK(run(f.store->set_claims(f.who.user_id, R"({"name":"Eve"})", kActor, kNow)).value());
  CHECK(run(f.store->find_user(f.who.user_id)).value()->claims == R"({"name":"Eve"})");
  CHECK_FALSE(run(f.store->set_claims("nobody", "{}", kActor, kNow)).value());
  REQUIRE(run(f.store->note_refused_sign_in({.person = f.who.user_id, .method = "pwd"}, kNow)));
  auto notice = sample_mail(*f.store, "a@example.com");
  // One who asks for it needs a session that lives.
  const auto ended = f.second_session().session_row + 1;
  CHECK_FALSE(run(f.store->delete_user(f.who.user_id, kActor, kNow, notice, ended)).value());
  CHECK(run(f.store->find_user(f.who.user_id)).value());
  CHECK(run(f.store->delete_user(f.who.user_id, kActor, kNow, notice)).value());
  // A password that was being checked leaves nothing either.
  REQUIRE(run(f.store->note_refused_sign_in({.person = f.who.user_id, .method = "pwd"}, kNow)));
  CHECK(run(f.store->list_refused_sign_ins(f.who.user_id, 10)).value().empty());
  CHECK_FALSE(run(f.store->delete_user(f.who.user_id, kActor, kNow)).value());
  CHECK_FALSE(run(f.store->find_user(f.who.user_id)).value());
  CHECK_FALSE(run(f.store->find_password("a@example.com")).value());
  CHECK_FALSE(run(f.store->find_user_by_email("a@example.com")).value());
  CHECK(run(f.store->list_users("", 10)).value().empty());
  CHECK(run(f.store->list_allowed(f.who.user_id)).value().empty());
  CHECK(run(f.store->list_history(f.who.user_id, 10)).value().empty());
  CHECK(f.live_sessions() == 0);
  CHECK_FALSE(f.offline_live());
  CHECK(run(f.store->list_logout_deliveries("queued", 10)).value().size() == 1);
  CHECK_FALSE(run(f.store->use_challenge(open, kNow)).value());
  CHECK(run(f.store->take_mail(10, minutes(1), kNow)).value().size() == 1);  // the notice
  RawDatabase raw(f.database.url());
  CHECK(raw.run_sql("SELECT claims FROM users") == "{}");
  for (const char* table :
       {"user_emails", "authenticators", "consents", "user_history", "refused_sign_ins",
        "email_challenges", "sessions WHERE address <> ''"}) {
    INFO(table);
    CHECK(raw.count(table) == 0);
  }
  CHECK(raw.count("audit WHERE action = 'user.delete'") == 1);
  // Nothing brings them back.
  CHECK_FALSE(
      run(f.store->set_user_status(f.who.user_id, UserStatus::active, kActor, kNow)).value());
  CHECK_FALSE(run(f.store->set_password(f.who.user_id, "x", kActor, kNow)).value());
  CHECK_FALSE(run(f.store->sign_out_user(f.who.user_id, kActor, kNow)).value());
  CHECK(raw.count("user_history WHERE user_id <> ''") == 0);
  const auto again = run(f.store->insert_user(sample_user(f.who.user_id, "z@e.com"), kActor, kNow));
  CHECK(again.error().fault == StoreFault::conflict);
  // The address is free.
  REQUIRE(run(f.store->insert_user(sample_user("u9", "a@example.com"), kActor, kNow)));
}

TEST_CASE("people see and end their own sessions only", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto second = f.second_session();
  const auto sessions = run(f.store->list_sessions(f.who.user_id, kNow)).value();
  REQUIRE(sessions.size() == 2);
  CHECK(sessions[0].user_id == f.who.user_id);
  CHECK(run(f.store->list_sessions("other", kNow)).value().empty());
  CHECK(run(f.store->list_sessions(f.who.user_id, kNow + days(31))).value().empty());
  CHECK(run(f.store->list_sessions(f.who.user_id, kNow + hours(12), hours(12))).value().size() ==
        1);
  CHECK_FALSE(run(f.store->end_session("other", f.who.session_id, kActor, kNow)).value());
  CHECK(f.live_sessions() == 2);
  CHECK(run(f.store->end_session(f.who.user_id, f.who.session_id, kActor, kNow)).value());
  CHECK_FALSE(run(f.store->end_session(f.who.user_id, f.who.session_id, kActor, kNow)).value());
  CHECK(f.live_sessions() == 1);
  CHECK(run(f.store->list_sessions(f.who.user_id, kNow)).value().at(0).id == second.session_row);
  CHECK(run(f.store->list_logout_deliveries("queued", 10)).value().size() == 1);
  CHECK(f.offline_live());
}

TEST_CASE("an application that was allowed is revoked with all it holds", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto allowed = run(f.store->list_allowed(f.who.user_id)).value();
  REQUIRE(allowed.size() == 1);
  CHECK(allowed[0].client_id == "back");
  CHECK(allowed[0].client_name == "Back channel");
  CHECK(allowed[0].scope == "openid email");
  CHECK(allowed[0].since == kNow);
  CHECK(allowed[0].last_at == kNow);
  CHECK(run(f.store->list_allowed("other")).value().empty());
  CHECK_FALSE(run(f.store->revoke_allowed("other", "back", kActor, kNow)).value());
  CHECK(f.offline_live());
  CHECK(run(f.store->revoke_allowed(f.who.user_id, "back", kActor, kNow)).value());
  CHECK_FALSE(run(f.store->revoke_allowed(f.who.user_id, "back", kActor, kNow)).value());
  CHECK_FALSE(f.offline_live());
  CHECK(run(f.store->find_consent(f.who.user_id, "back")).value().empty());
  CHECK(run(f.store->list_allowed(f.who.user_id)).value().empty());
  CHECK(f.live_sessions() == 1);
}

TEST_CASE("of two that make an account one does", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  RawDatabase raw(database.url());
  int account = 0;
  for (const int racers : kRacers) {
    for (int round = 0; round < kRounds; ++round) {
      const std::string fold = "n" + std::to_string(++account) + "@example.com";
      // Odd rounds: one challenge for all. Even ones: each has its own, for the same address.
      const bool shared = round % 2 == 1;
      std::vector<std::int64_t> rows;
      for (int i = 0; i < racers; ++i) {
        rows.push_back(shared && i > 0 ? rows[0]
                                       : start(*nodes.one, ChallengePurpose::sign_up, "", fold));
      }
      const auto outcomes = race<AccountOutcome>(nodes, racers, [&](Store& store, int racer) {
        const std::string id = "u" + std::to_string(account) + "-" + std::to_string(racer);
        auto command = new_account(rows.at(static_cast<std::size_t>(racer)), id, fold);
        command.sign_in = sign_in_by_mail(store, id, 0);
        return store.create_account(command, kActor, kNow);
      });
      CHECK(std::ranges::count(outcomes, AccountOutcome::done) == 1);
      CHECK(std::ranges::count(outcomes, shared ? AccountOutcome::challenge_used
                                                : AccountOutcome::address_taken) == racers - 1);
      CHECK(raw.count("users") == account);
      CHECK(raw.count("sessions") == account);
      CHECK(raw.count("user_emails WHERE fold = '" + fold + "'") == 1);
    }
  }
}

TEST_CASE("a reset is done once, and leaves no session of a sign-in at the same time",
          "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  REQUIRE(run(nodes.one->insert_user(sample_user("u1", "a@example.com"), kActor, kNow)));
  RawDatabase raw(database.url());
  for (const int racers : kRacers) {
    const auto row = start(*nodes.one, ChallengePurpose::reset_password, "u1", "a@example.com");
    const auto mail_row = start(*nodes.one, ChallengePurpose::sign_in, "u1", "a@example.com");
    const auto reset = [&](Store& store) -> Task<StoreResult<int>> {
      const auto done = co_await store.reset_password(row, "u1", "new", kActor, kNow);
      if (!done) co_return std::unexpected(done.error());
      co_return *done == AccountOutcome::done ? 1 : 0;
    };
    const auto sign_in = [&](Store& store) -> Task<StoreResult<int>> {
      const auto done =
          co_await store.sign_in(sign_in_by_mail(store, "u1", mail_row), kActor, kNow);
      if (!done) co_return std::unexpected(done.error());
      co_return 0;
    };
    const auto outcomes = race<int>(nodes, racers, [&](Store& store, int racer) {
      return racer % 4 == 1 ? sign_in(store) : reset(store);
    });
    CHECK(std::ranges::count(outcomes, 1) == 1);
    CHECK(raw.count("sessions WHERE ended_at IS NULL") == 0);
  }
}

TEST_CASE("an address goes to one of those who want it", "[store][race]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  TwoNodes nodes(database);
  for (const int racers : kRacers) {
    const std::string suffix = std::to_string(racers) + "@example.com";
    std::vector<std::int64_t> rows;
    for (int i = 0; i < racers; ++i) {
      const std::string id = "u" + std::to_string(racers) + "-" + std::to_string(i);
      REQUIRE(run(nodes.one->insert_user(sample_user(id, id + "@example.com"), kActor, kNow)));
      rows.push_back(start(*nodes.one, ChallengePurpose::change_email, id, "want" + suffix));
    }
    const auto outcomes = race<AccountOutcome>(nodes, racers, [&](Store& store, int racer) {
      const std::string id = "u" + std::to_string(racers) + "-" + std::to_string(racer);
      return store.change_email(rows.at(static_cast<std::size_t>(racer)), id,
                                {"want" + suffix, "want" + suffix, true}, kActor, kNow);
    });
    CHECK(std::ranges::count(outcomes, AccountOutcome::done) == 1);
    CHECK(std::ranges::count(outcomes, AccountOutcome::address_taken) == racers - 1);
    // Those who did not get it keep what they had.
    RawDatabase raw(database.url());
    CHECK(raw.count("users u WHERE NOT EXISTS (SELECT 1 FROM user_emails e"
                    " WHERE e.user_id = u.id)") == 0);
  }
}

// What ends with what: sign-out, password change, disabling, removal, revocation, expiry.
#include "tests/store/store_fixture.h"

using namespace store_test;

namespace {

struct Fixture {
  explicit Fixture(Backend backend) : database(backend), store(database.open()) {
    who = sign_in_sample(*store, "a");
    online = issue_refresh(*store, who);
    offline = issue_refresh(*store, who, true);
  }
  bool live(const Issued& issued, TimePoint now = kNow) {
    const auto refresh = run(store->load_refresh(issued.refresh.stored, now)).value();
    const auto access = run(store->load_access(issued.grant.id, "jti", now)).value();
    REQUIRE(refresh);
    REQUIRE(access);
    CHECK(refresh->grant_live == access->live);
    return access->live;
  }
  std::size_t sessions() {
    const auto browser = run(store->load_browser(who.browser.stored, hours(12), kNow)).value();
    return browser ? browser->sessions.size() : 0;
  }
  Database database;
  std::unique_ptr<Store> store;
  SignedIn who;
  Issued online, offline;
};

}  // namespace

TEST_CASE("sign-out ends the session and its grants, offline ones stay", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  CHECK(f.live(f.online));
  CHECK(f.live(f.offline));
  SECTION("by the browser") {
    REQUIRE(run(f.store->end_sessions(f.who.browser.stored.row, {f.who.session_id}, kActor, kNow)));
  }
  SECTION("by the operator") {
    CHECK(run(f.store->sign_out_user(f.who.user_id, kActor, kNow)).value());
  }
  CHECK(f.sessions() == 0);
  CHECK_FALSE(f.live(f.online));
  CHECK(f.live(f.offline));
  CHECK(run(f.store->issue_code(issue_command(*f.store, f.who), kActor, kNow)) ==
        IssueCodeOutcome::session_ended);
  const auto next = refresh_for(*f.store, f.online.grant, f.online.refresh.stored.row);
  CHECK(run(f.store->rotate_refresh({f.online.refresh.stored.row, next, "s"}, kActor, kNow)) ==
        RotateOutcome::grant_ended);
  CHECK_FALSE(run(f.store->load_refresh(f.online.refresh.stored, kNow)).value()->token.used_at);
  const auto offline_next = refresh_for(*f.store, f.offline.grant, f.offline.refresh.stored.row);
  CHECK(run(f.store->rotate_refresh({f.offline.refresh.stored.row, offline_next, "s"}, kActor,
                                    kNow)) == RotateOutcome::rotated);
}

TEST_CASE("another browser's sessions can't be ended", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  REQUIRE(
      run(f.store->end_sessions(f.who.browser.stored.row + 1, {f.who.session_id}, kActor, kNow)));
  CHECK(f.sessions() == 1);
}

TEST_CASE("a password change and disabling end everything", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  SECTION("password") {
    CHECK(run(f.store->set_password(f.who.user_id, "new", kActor, kNow)).value());
  }
  SECTION("disabled, then enabled again") {
    CHECK(run(f.store->set_user_status(f.who.user_id, UserStatus::disabled, kActor, kNow)).value());
    CHECK_FALSE(f.live(f.offline));
    CHECK(run(f.store->set_user_status(f.who.user_id, UserStatus::active, kActor, kNow)).value());
  }
  CHECK(f.sessions() == 0);
  CHECK_FALSE(f.live(f.online));
  CHECK_FALSE(f.live(f.offline));
}

TEST_CASE("removing a client ends its grants", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto command = issue_command(*f.store, f.who);
  REQUIRE(run(f.store->issue_code(command, kActor, kNow)) == IssueCodeOutcome::issued);
  CHECK(run(f.store->remove_client(f.who.client_id, kActor, kNow)).value());
  CHECK_FALSE(f.live(f.online));
  CHECK_FALSE(f.live(f.offline));
  CHECK(f.sessions() == 1);
  CHECK_FALSE(run(f.store->load_code(command.code->stored, kNow)).value()->grant_live);
  CHECK(run(f.store->redeem_code({command.code->stored.row, command.grant.id, f.who.client_id, {}},
                                 kActor, kNow)) == RedeemOutcome::grant_ended);
}

TEST_CASE("revoking a grant ends its tokens, revoking a token ends that one", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  REQUIRE(run(f.store->revoke_access_token("jti", kNow + minutes(15), kActor, kNow)));
  REQUIRE(run(f.store->revoke_access_token("jti", kNow + minutes(15), kActor, kNow)));
  CHECK_FALSE(run(f.store->load_access(f.online.grant.id, "jti", kNow)).value()->live);
  CHECK(run(f.store->load_access(f.online.grant.id, "other", kNow)).value()->live);
  CHECK(run(f.store->revoke_grant(f.online.grant.id, "revoked", kActor, kNow)).value());
  CHECK_FALSE(run(f.store->revoke_grant(f.online.grant.id, "revoked", kActor, kNow)).value());
  const auto access = run(f.store->load_access(f.online.grant.id, "other", kNow)).value();
  CHECK_FALSE(access->live);
  CHECK(access->grant.revoked_at == kNow);
  CHECK(run(f.store->load_access(f.offline.grant.id, "other", kNow)).value()->live);
  CHECK_FALSE(run(f.store->load_access(12345, "other", kNow)).value());
  CHECK_FALSE(run(f.store->revoke_grant(12345, "revoked", kActor, kNow)).value());
}

TEST_CASE("a session's absolute end ends its grants", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  CHECK(f.live(f.online, kNow + days(29)));
  CHECK_FALSE(f.live(f.online, kNow + days(31)));
  CHECK(f.live(f.offline, kNow + days(31)));
}

TEST_CASE("a code is read back, only with its secret", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto command = issue_command(*f.store, f.who, true);
  REQUIRE(run(f.store->issue_code(command, kActor, kNow)) == IssueCodeOutcome::issued);
  const auto record = run(f.store->load_code(command.code->stored, kNow)).value();
  REQUIRE(record);
  CHECK(record->code.redirect_uri == command.code->redirect_uri);
  CHECK(record->code.code_challenge == "challenge");
  CHECK(record->code.nonce == "n-1");
  CHECK(record->code.expires_at == command.code->expires_at);
  CHECK_FALSE(record->code.used_at);
  CHECK(record->grant.scope == "openid offline_access");
  CHECK(record->grant.offline_access);
  CHECK(record->grant.sid == f.who.sid);
  CHECK(record->grant.session_id == f.who.session_id);
  CHECK(record->grant_live);
  CHECK(record->user.id == f.who.user_id);
  CHECK(record->user.emails.size() == 1);
  auto forged = command.code->stored;
  forged.digest = f.online.refresh.stored.digest;
  CHECK_FALSE(run(f.store->load_code(forged, kNow)).value());
  forged.digest.clear();
  CHECK_FALSE(run(f.store->load_code(forged, kNow)).value());
  // A redemption that names another client or grant uses nothing up.
  CHECK(run(f.store->redeem_code({command.code->stored.row, command.grant.id, "other", {}}, kActor,
                                 kNow)) == RedeemOutcome::already_used);
  CHECK_FALSE(run(f.store->load_code(command.code->stored, kNow)).value()->code.used_at);
  CHECK(run(f.store->redeem_code({command.code->stored.row, command.grant.id, f.who.client_id, {}},
                                 kActor, kNow)) == RedeemOutcome::redeemed);
  CHECK(run(f.store->load_code(command.code->stored, kNow)).value()->code.used_at == kNow);
}

TEST_CASE("a used refresh token tells its successor for ten seconds, until that is used",
          "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto& first = f.online.refresh;
  const auto second = refresh_for(*f.store, f.online.grant, first.stored.row);
  REQUIRE(run(f.store->rotate_refresh({first.stored.row, second, "sealed"}, kActor, kNow)) ==
          RotateOutcome::rotated);
  const auto sealed = [&](TimePoint now) {
    return run(f.store->load_refresh(first.stored, now)).value()->token.successor_sealed;
  };
  CHECK(sealed(kNow + milliseconds(9'999)) == "sealed");
  CHECK(sealed(kNow + seconds(10)).empty());
  const auto third = refresh_for(*f.store, f.online.grant, second.stored.row);
  REQUIRE(run(f.store->rotate_refresh({second.stored.row, third, "sealed2"}, kActor, kNow)) ==
          RotateOutcome::rotated);
  CHECK(sealed(kNow).empty());
  CHECK(run(f.store->load_refresh(first.stored, kNow)).value()->successor_used);
  RawDatabase raw(f.database.url());
  CHECK(raw.count("refresh_tokens WHERE successor_sealed IS NOT NULL") == 1);
  REQUIRE(run(f.store->remove_expired(kNow + seconds(11), 100)));
  CHECK(raw.count("refresh_tokens WHERE successor_sealed IS NOT NULL") == 0);
}

TEST_CASE("each change of state leaves one audit row", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  RawDatabase raw(f.database.url());
  CHECK(raw.count("audit WHERE action = 'user.add'") == 1);
  CHECK(raw.count("audit WHERE action = 'client.add'") == 1);
  CHECK(raw.count("audit WHERE action = 'session.begin'") == 1);
  CHECK(raw.count("audit WHERE action = 'grant.issue'") == 2);
  CHECK(raw.count("audit WHERE action = 'code.redeem'") == 2);
  REQUIRE(run(f.store->revoke_grant(f.online.grant.id, "reuse", kActor, kNow)).value());
  REQUIRE_FALSE(run(f.store->revoke_grant(f.online.grant.id, "reuse", kActor, kNow)).value());
  CHECK(raw.count("audit WHERE action = 'grant.revoke' AND detail = 'reuse'"
                  " AND address = '192.0.2.1'") == 1);
}

TEST_CASE("expired rows go in batches, live ones stay", "[store]") {
  Fixture f(GENERATE(Backend::sqlite, Backend::postgresql));
  RawDatabase raw(f.database.url());
  for (int i = 0; i < 20; ++i) issue_refresh(*f.store, f.who);
  REQUIRE(run(f.store->insert_failures({{"E1", kNow, "", "", "", "", "", "", "", 0}})));
  REQUIRE(run(f.store->revoke_access_token("j", kNow + minutes(1), kActor, kNow)));
  REQUIRE(run(f.store->reserve_attempt({{"b", 1}}, minutes(1), kNow)));
  CHECK(run(f.store->remove_expired(kNow, 100)).value() == 0);
  CHECK(raw.count("authorization_codes") == 22);
  const auto two_days = kNow + days(2);
  CHECK(run(f.store->remove_expired(two_days, 10)).value() == 12);  // codes, a token, a bucket
  CHECK(raw.count("authorization_codes") == 12);
  while (run(f.store->remove_expired(two_days, 10)).value() > 0) {
  }
  CHECK(raw.count("authorization_codes") == 0);
  CHECK(raw.count("revoked_tokens") == 0);
  CHECK(raw.count("throttle") == 0);
  CHECK(raw.count("failures") == 1);
  CHECK(raw.count("refresh_tokens") == 22);
  CHECK(raw.count("grants") == 22);
  CHECK(f.live(f.online));
  for (int i = 0; i < 20; ++i) REQUIRE(run(f.store->remove_expired(kNow + days(500), 10)));
  CHECK(raw.count("refresh_tokens") == 0);
  CHECK(raw.count("grants") == 0);
  CHECK(raw.count("sessions") == 0);
  CHECK(raw.count("session_clients") == 0);
  CHECK(raw.count("browsers") == 0);
  CHECK(raw.count("failures") == 0);
  CHECK(raw.count("audit") == 0);
  CHECK(raw.count("users") == 1);
  CHECK(raw.count("clients") == 1);
}

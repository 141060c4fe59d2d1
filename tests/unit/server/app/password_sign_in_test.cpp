#include "server/account/password_sign_in.h"

#include <map>

#include "oidc/crypto/random.h"
#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

using namespace server::account;
using app_test::clock_now;
using app_test::run;
using app_test::World;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

constexpr const char* kPassword = "correct horse";

struct Desk : World {
  ThrottleLimits limits{.account = 3, .address = 50, .site = 5000, .window = minutes(15)};
  oidc::TimePoint now = clock_now();

  Desk() {
    add("u-alice", "alice@example.com", kPassword);
    add("u-bob", "bob@example.com", kPassword);
    add("u-social", "social@example.com", "");
  }

  void add(std::string id, std::string email, std::string password) {
    server::store::NewUser user;
    user.user.id = std::move(id);
    user.user.emails = {{email, email, true}};
    user.user.created_at = user.user.updated_at = user.user.credentials_changed_at =
        now - hours(24);
    if (!password.empty()) {
      user.password_phc = run(passwords.hash(oidc::Password(std::move(password)))).value();
    }
    REQUIRE(run(store->insert_user(std::move(user), actor, now)));
  }

  server::runtime::Task<AttemptOutcome> attempt(std::string email, std::string password,
                                                std::string address = "192.0.2.1",
                                                std::optional<DeviceCookie> device = {}) {
    return attempt_password(*store, passwords, keys->purpose_key("throttle"), limits,
                            {.email = std::move(email),
                             .password = oidc::Password(std::move(password)),
                             .client_address = std::move(address),
                             .device = std::move(device)},
                            now);
  }

  static std::string word(const AttemptOutcome& outcome) {
    if (std::holds_alternative<Accepted>(outcome)) return "accepted";
    if (const auto* refused = std::get_if<Refused>(&outcome)) return refused->rule;
    if (std::holds_alternative<Throttled>(outcome)) return "throttled";
    if (std::holds_alternative<Busy>(outcome)) return "busy";
    return "store error";
  }

  template <class... Parts>
  std::string try_it(Parts... parts) {
    return word(run(attempt(std::move(parts)...)));
  }
};

DeviceCookie alice_device(oidc::TimePoint issued_at, std::string id = "device-1") {
  return {std::move(id), "u-alice", issued_at};
}

}  // namespace

TEST_CASE("Password sign-in: each outcome, and what the log says of it") {
  Desk desk;
  desk.limits.account = 100;
  CHECK(desk.try_it("alice@example.com", kPassword) == "accepted");
  CHECK(desk.try_it("alice@example.com", "wrong") == "password: wrong");
  CHECK(desk.try_it("alice@example.com", "") == "password: wrong");
  CHECK(desk.try_it("nobody@example.com", kPassword) == "email: no such account");
  CHECK(desk.try_it("no address", kPassword) == "email: no such account");
  CHECK(desk.try_it("", kPassword) == "email: no such account");
  CHECK(desk.try_it("social@example.com", kPassword) == "password: this account has none");
  CHECK(desk.try_it("social@example.com", "") == "password: this account has none");
  REQUIRE(run(desk.store->set_user_status("u-bob", oidc::model::UserStatus::disabled, desk.actor,
                                          desk.now)));
  CHECK(desk.try_it("bob@example.com", kPassword) == "account: disabled");
  CHECK(desk.try_it("bob@example.com", "wrong") == "password: wrong");
  CHECK(desk.try_it("alice@example.com", std::string(1 << 20, 'x')) ==
        "password: longer than any password can be");
}

TEST_CASE("Password sign-in: what is accepted names the person and what to give back") {
  Desk desk;
  const auto outcome = run(desk.attempt(" ALICE@example.com ", kPassword));
  REQUIRE(std::holds_alternative<Accepted>(outcome));
  const auto& accepted = std::get<Accepted>(outcome);
  CHECK(accepted.record.user.id == "u-alice");
  CHECK(accepted.record.authenticator_id != 0);
  CHECK(accepted.rehash.empty());
  CHECK(accepted.give_back.size() == 4);
  for (const auto& bucket : accepted.give_back) {
    CHECK(bucket.find("alice") == std::string::npos);
    CHECK(bucket.find("192.0.2.1") == std::string::npos);
  }
}

TEST_CASE("Password sign-in: one counter for all spellings of an address") {
  Desk desk;
  for (const char* spelling :
       {"Alice@example.com", " alice@EXAMPLE.com", "\xef\xbd\x81lice@example.com"}) {
    CHECK(desk.try_it(spelling, "wrong") == "password: wrong");
  }
  CHECK(desk.try_it("alice@example.com", kPassword) == "throttled");
  // Others are not concerned.
  CHECK(desk.try_it("bob@example.com", kPassword) == "accepted");
}

TEST_CASE("Password sign-in: unknown, disabled and odd names are throttled like everybody") {
  Desk desk;
  REQUIRE(run(desk.store->set_user_status("u-bob", oidc::model::UserStatus::disabled, desk.actor,
                                          desk.now)));
  for (const char* email :
       {"nobody@example.com", "bob@example.com", "social@example.com", "no address", "alice"}) {
    CAPTURE(email);
    for (int i = 0; i < 3; ++i) CHECK(desk.try_it(email, "wrong") != "throttled");
    CHECK(desk.try_it(email, "wrong") == "throttled");
  }
}

TEST_CASE("Password sign-in: a wait, and its end") {
  Desk desk;
  for (int i = 0; i < 3; ++i) desk.try_it("alice@example.com", "wrong");
  const auto outcome = run(desk.attempt("alice@example.com", kPassword));
  REQUIRE(std::holds_alternative<Throttled>(outcome));
  CHECK(std::get<Throttled>(outcome).retry_at == desk.now + minutes(15));
  // Refused attempts do not lengthen the wait.
  desk.now += minutes(14);
  CHECK(desk.try_it("alice@example.com", kPassword) == "throttled");
  desk.now += minutes(1);
  CHECK(desk.try_it("alice@example.com", kPassword) == "accepted");
}

TEST_CASE("Password sign-in: success gives its own attempt back, and no more") {
  Desk desk;
  for (int i = 0; i < 10; ++i) {
    const auto outcome = run(desk.attempt("alice@example.com", kPassword));
    REQUIRE(std::holds_alternative<Accepted>(outcome));
    REQUIRE(run(desk.store->give_back(std::get<Accepted>(outcome).give_back)));
  }
  desk.try_it("alice@example.com", "wrong");
  desk.try_it("alice@example.com", "wrong");
  const auto outcome = run(desk.attempt("alice@example.com", kPassword));
  REQUIRE(std::holds_alternative<Accepted>(outcome));
  REQUIRE(run(desk.store->give_back(std::get<Accepted>(outcome).give_back)));
  desk.try_it("alice@example.com", "wrong");
  CHECK(desk.try_it("alice@example.com", kPassword) == "throttled");
}

TEST_CASE("Password sign-in: a burst is counted exactly") {
  Desk desk;
  desk.limits.account = 5;
  std::vector<server::runtime::Task<AttemptOutcome>> tasks;
  for (int i = 0; i < 40; ++i) tasks.push_back(desk.attempt("alice@example.com", "wrong"));
  int evaluated = 0;
  for (const auto& outcome : app_test::run_all(std::move(tasks))) {
    if (std::holds_alternative<Refused>(outcome)) {
      ++evaluated;
    } else {
      CHECK(std::holds_alternative<Throttled>(outcome));
    }
  }
  CHECK(evaluated == 5);
  CHECK(desk.try_it("alice@example.com", kPassword) == "throttled");
}

TEST_CASE("Password sign-in: addresses count, IPv6 by /64") {
  Desk desk;
  desk.limits.address = 4;
  const auto others = [&](const char* address, int count) {
    for (int i = 0; i < count; ++i) {
      desk.try_it("n" + std::to_string(i) + "@example.com", "wrong", std::string(address));
    }
  };
  others("2001:db8:0:1::1", 2);
  others("2001:db8:0:1:ffff::2", 2);
  CHECK(desk.try_it("alice@example.com", kPassword, "2001:DB8:0:1::dead") == "throttled");
  CHECK(desk.try_it("alice@example.com", kPassword, "2001:db8:0:2::1") == "accepted");
  others("192.0.2.7", 4);
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.7") == "throttled");
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.8") == "accepted");
}

TEST_CASE("Password sign-in: all together count") {
  Desk desk;
  desk.limits.site = 6;
  for (int i = 0; i < 6; ++i) {
    desk.try_it("n" + std::to_string(i) + "@example.com", "wrong", "192.0.2." + std::to_string(i));
  }
  CHECK(desk.try_it("alice@example.com", kPassword, "198.51.100.1") == "throttled");
}

TEST_CASE("Password sign-in: an attacked person gets in from a browser known to the account") {
  Desk desk;
  for (int i = 0; i < 4; ++i) desk.try_it("alice@example.com", "wrong", "203.0.113.1");
  CHECK(desk.try_it("alice@example.com", kPassword) == "throttled");
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.1", alice_device(desk.now)) ==
        "accepted");
}

TEST_CASE("Password sign-in: a known browser has a limit of its own") {
  Desk desk;
  const auto guess = [&] {
    return desk.try_it("alice@example.com", "wrong", "192.0.2.1", alice_device(desk.now));
  };
  for (int i = 0; i < 3; ++i) CHECK(guess() == "password: wrong");
  // Then it counts as none, and the account's own counter goes on.
  for (int i = 0; i < 3; ++i) CHECK(guess() == "password: wrong");
  CHECK(guess() == "throttled");
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.1", alice_device(desk.now)) ==
        "throttled");
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.1",
                    alice_device(desk.now, "device-2")) == "accepted");
}

TEST_CASE("Password sign-in: a device cookie of another account or from before a reset is none") {
  Desk desk;
  for (int i = 0; i < 3; ++i) desk.try_it("alice@example.com", "wrong", "203.0.113.1");
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.1",
                    DeviceCookie{"device-1", "u-bob", desk.now}) == "throttled");
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.1",
                    alice_device(desk.now - hours(25))) == "throttled");
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.1",
                    alice_device(desk.now - hours(23))) == "accepted");
}

TEST_CASE("Password sign-in: what the full pool did not evaluate is given back") {
  Desk desk;
  desk.limits.account = 12;
  Passwords slow(PasswordOptions{.threads = 1, .queue_limit = 1, .cost = {32768, 1, 1}});
  std::vector<server::runtime::Task<AttemptOutcome>> tasks;
  for (int i = 0; i < 12; ++i) {
    tasks.push_back(attempt_password(*desk.store, slow, desk.keys->purpose_key("throttle"),
                                     desk.limits,
                                     {.email = "nobody@example.com",
                                      .password = oidc::Password("x"),
                                      .client_address = "192.0.2.1"},
                                     desk.now));
  }
  int busy = 0;
  for (const auto& outcome : app_test::run_all(std::move(tasks))) {
    busy += std::holds_alternative<Busy>(outcome);
  }
  REQUIRE(busy > 0);
  for (int i = 0; i < busy; ++i) {
    CHECK(desk.try_it("nobody@example.com", "x") == "email: no such account");
  }
  CHECK(desk.try_it("nobody@example.com", "x") == "throttled");
}

TEST_CASE("Password sign-in: a hash of old cost is replaced on success") {
  Desk desk;
  Passwords dearer(PasswordOptions{.cost = {128, 2, 1}});
  const auto outcome =
      run(attempt_password(*desk.store, dearer, desk.keys->purpose_key("throttle"), desk.limits,
                           {.email = "alice@example.com",
                            .password = oidc::Password(kPassword),
                            .client_address = "192.0.2.1"},
                           desk.now));
  REQUIRE(std::holds_alternative<Accepted>(outcome));
  CHECK(std::get<Accepted>(outcome).rehash.starts_with("$argon2id$"));
}

TEST_CASE("Device cookie: sealed, and nobody else's") {
  const std::string key = oidc::crypto::random_bytes(32);
  const auto cookie = alice_device(oidc::from_millis(1'800'000'000'000));
  const auto text = seal_device_cookie(key, cookie);
  const auto opened = open_device_cookie(key, text);
  REQUIRE(opened);
  CHECK(opened->device_id == "device-1");
  CHECK(opened->user_id == "u-alice");
  CHECK(opened->issued_at == cookie.issued_at);
  CHECK(text.find("alice") == std::string::npos);
  CHECK_FALSE(open_device_cookie(oidc::crypto::random_bytes(32), text));
  for (std::size_t i = 0; i < text.size(); i += 5) {
    auto altered = text;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(open_device_cookie(key, altered));
  }
  for (const auto& other :
       {std::string(), std::string("x"), text + "A", text.substr(1), std::string(513, 'A')}) {
    CHECK_FALSE(open_device_cookie(key, other));
  }
}

TEST_CASE("Password sign-in: its person is told what was refused, and of nobody else's") {
  Desk desk;
  const auto told = [&](const std::string& user_id) {
    return run(desk.store->list_refused_sign_ins(user_id, 100)).value();
  };
  desk.try_it("bob@example.com", kPassword);
  CHECK(told("u-bob").empty());
  desk.try_it("nobody@example.com", "wrong");
  desk.try_it("social@example.com", "wrong");
  desk.try_it("alice@example.com", std::string(1 << 20, 'x'));
  for (int i = 0; i < 5; ++i) desk.try_it("alice@example.com", "wrong");
  std::map<std::string, server::store::RefusedRow> rows;
  for (const auto& row : told("u-alice")) rows[row.method] = row;
  REQUIRE(rows.size() == 2);
  CHECK(rows["pwd"].attempts == 3);  // as many as were looked at
  CHECK(rows["pwd"].address == "192.0.2.1");
  CHECK(rows["throttled"].attempts == 1);
  CHECK(told("u-social").size() == 1);
  // With the right password while it is held back, too.
  desk.now += minutes(2);
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.2") == "throttled");
  CHECK(told("u-alice").size() == 3);
}

TEST_CASE("Password sign-in: where the network or the site is at fault, nothing is written") {
  Desk desk;
  desk.limits = {.account = 100, .address = 2, .site = 3, .window = minutes(15)};
  desk.try_it("nobody@example.com", "wrong");
  desk.try_it("nobody@example.com", "wrong");
  CHECK(desk.try_it("alice@example.com", kPassword) == "throttled");
  desk.try_it("nobody@example.com", "wrong", "192.0.2.2");
  CHECK(desk.try_it("alice@example.com", kPassword, "192.0.2.3") == "throttled");
  CHECK(run(desk.store->list_refused_sign_ins("u-alice", 100)).value().empty());
}

#include "server/account/passwords.h"

#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

using app_test::kCheap;
using app_test::run;
using oidc::Password;
using server::account::PasswordOptions;
using server::account::Passwords;

namespace {

Passwords& cheap() {
  static Passwords passwords(PasswordOptions{.threads = 2, .queue_limit = 64, .cost = kCheap});
  return passwords;
}

bool fits_policy(const std::string& text) {
  const auto checked = cheap().check_policy(Password(text));
  if (!checked) {
    CHECK(checked.error().code == oidc::OAuthErrorCode::invalid_request);
    if (text.size() > 3 && text != "password")
      CHECK(checked.error().description.find(text) == std::string::npos);
  }
  return checked.has_value();
}

std::string repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("Password policy: length in characters, and clean text") {
  CHECK(fits_policy("vq8Zk2mP"));
  CHECK(fits_policy("glass otter paints harbour"));
  CHECK(fits_policy("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80xy"));
  CHECK(fits_policy("vq8Zk2mP" + std::string(248, 'x')));
  CHECK(fits_policy("vq8Zk2mP" + repeat("\xf0\x9f\x98\x80", 248)));
  CHECK_FALSE(fits_policy(""));
  CHECK_FALSE(fits_policy("vq8Zk2m"));
  CHECK_FALSE(fits_policy("vq8Z\xf0\x9f\x98\x80\xc3\xa4"));
  CHECK_FALSE(fits_policy("vq8Zk2mP" + std::string(249, 'x')));
  CHECK_FALSE(fits_policy("vq8Zk2mP" + repeat("\xc3\xa4", 249)));
  CHECK_FALSE(fits_policy("vq8Zk2mP" + std::string(1 << 20, 'x')));
  CHECK_FALSE(fits_policy(std::string("vq8Zk2mP\0more", 13)));
  CHECK_FALSE(fits_policy("vq8Zk2mP\xff"));
  CHECK_FALSE(fits_policy("vq8Zk2mP\xed\xa0\x80"));
}

TEST_CASE("Password policy: what is guessed first is refused") {
  for (const char* text : {"password", "12345678", "qwertyuiop", "aaaaaaaaaaaa", "abcdefgh",
                           "iloveyou1", "Password1", "        "}) {
    CAPTURE(text);
    CHECK_FALSE(fits_policy(text));
  }
}

TEST_CASE("Password policy: the least length is a setting") {
  const Passwords strict(PasswordOptions{.cost = kCheap, .min_length = 15});
  CHECK_FALSE(strict.check_policy(Password("vq8Zk2mPw3Rt6Y")));
  CHECK(strict.check_policy(Password("vq8Zk2mPw3Rt6Yb")));
}

TEST_CASE("Passwords: too long is known before any hashing") {
  CHECK_FALSE(Passwords::is_too_long(""));
  CHECK_FALSE(Passwords::is_too_long(std::string(256, 'x')));
  CHECK(Passwords::is_too_long(std::string(257, 'x')));
  CHECK_FALSE(Passwords::is_too_long(repeat("\xf0\x9f\x98\x80", 256)));
  CHECK(Passwords::is_too_long(repeat("\xf0\x9f\x98\x80", 257)));
  // Continuation bytes alone are no characters, but bytes count too.
  CHECK(Passwords::is_too_long(std::string(1025, '\x80')));
  CHECK(Passwords::is_too_long(std::string(16 << 20, 'x')));
}

TEST_CASE("Passwords: a hash fits its password and no other") {
  const auto phc = run(cheap().hash(Password("correct horse")));
  REQUIRE(phc);
  const auto verdict = [&](std::string text) {
    return run(cheap().verify(*phc, Password(std::move(text)))).value();
  };
  CHECK(verdict("correct horse").matches);
  CHECK(verdict("correct horse").rehash.empty());
  for (const char* text : {"", "correct hors", "correct horse ", "Correct horse"}) {
    CHECK_FALSE(verdict(text).matches);
  }
  CHECK(run(cheap().hash(Password("correct horse"))) != *phc);
}

TEST_CASE("Passwords: nothing is cut off") {
  const std::string base(72, 'x');
  const auto phc = run(cheap().hash(Password(base + "1")));
  REQUIRE(phc);
  CHECK_FALSE(run(cheap().verify(*phc, Password(base + "2")))->matches);
  CHECK_FALSE(run(cheap().verify(*phc, Password(base)))->matches);
  CHECK(run(cheap().verify(*phc, Password(base + "1")))->matches);
}

TEST_CASE("Passwords: without a hash the decoy says no, whatever the password") {
  for (const char* text : {"", "x", "correct horse"}) {
    const auto verdict = run(cheap().verify("", Password(text)));
    REQUIRE(verdict);
    CHECK_FALSE(verdict->matches);
    CHECK(verdict->rehash.empty());
  }
  CHECK_FALSE(run(cheap().verify("no PHC string", Password("x")))->matches);
}

TEST_CASE("Passwords: a hash of another cost is replaced when the password fits, and only then") {
  Passwords dearer(PasswordOptions{.cost = {128, 2, 1}});
  const auto phc = run(cheap().hash(Password("correct horse")));
  REQUIRE(phc);
  const auto fits = run(dearer.verify(*phc, Password("correct horse")));
  REQUIRE(fits);
  CHECK(fits->matches);
  CHECK(fits->rehash.find("m=128,t=2") != std::string::npos);
  CHECK(run(dearer.verify(fits->rehash, Password("correct horse")))->matches);
  const auto wrong = run(dearer.verify(*phc, Password("wrong")));
  REQUIRE(wrong);
  CHECK_FALSE(wrong->matches);
  CHECK(wrong->rehash.empty());
}

TEST_CASE("Passwords: a full queue refuses instead of waiting") {
  Passwords slow(PasswordOptions{.threads = 1, .queue_limit = 2, .cost = {65536, 1, 1}});
  std::vector<server::runtime::Task<std::expected<Passwords::Verdict, server::runtime::Overloaded>>>
      tasks;
  for (int i = 0; i < 12; ++i) tasks.push_back(slow.verify("", Password("x")));
  int served = 0;
  for (const auto& verdict : app_test::run_all(std::move(tasks))) served += verdict.has_value();
  CHECK(served >= 2);
  CHECK(served < 12);
  CHECK(slow.queue_depth() == 0);
  CHECK(run(slow.verify("", Password("x"))));
}

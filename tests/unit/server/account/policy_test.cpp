#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "server/account/passwords.h"
#include "tests/support/catch.h"

using oidc::Password;
using server::account::PasswordOptions;
using server::account::Passwords;

namespace {

PasswordOptions options(int strength = 2, std::string blocklist = {}) {
  return {.threads = 1,
          .queue_limit = 4,
          .cost = {64, 1, 1},
          .min_length = 8,
          .min_strength = strength,
          .blocklist_file = std::move(blocklist),
          .service_name = "Meadow Notes"};
}

std::string breach(const Passwords& passwords, const std::string& text,
                   const std::vector<std::string>& personal = {}) {
  return passwords.policy_breach(Password(text), personal).key;
}

// Gone with the test.
struct TemporaryFile {
  std::string path = (std::filesystem::temp_directory_path() /
                      ("latchkey-blocklist-" + std::to_string(::getpid())))
                         .string();
  explicit TemporaryFile(std::string_view text) { std::ofstream(path) << text; }
  ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("policy: each breach has its own text") {
  const Passwords passwords(options());
  CHECK(breach(passwords, "vq8Zk2mP") == "");
  CHECK(breach(passwords, "short1") == "password_too_short");
  CHECK(breach(passwords, std::string(257, 'x')) == "password_too_long");
  CHECK(breach(passwords, "vq8Zk2mP\xff") == "password_unreadable");
  CHECK(breach(passwords, "password") == "password_weak");
  CHECK(breach(passwords, "qwertyuiop") == "password_weak");
  const auto error = passwords.check_policy(Password("short1"));
  REQUIRE_FALSE(error);
  CHECK(error.error().description == "The password must have at least 8 characters.");
  CHECK(passwords.check_policy(Password("vq8Zk2mP")));
}

TEST_CASE("policy: the person's own words are no password") {
  const Passwords passwords(options());
  const std::vector<std::string> ann = {"ann.kowalczyk@zubrowka.example", "Ann Kowalczyk"};
  for (const char* text :
       {"kowalczyk", "Kowalczyk1", "ann.kowalczyk@zubrowka.example", "zubrowka1", "K0walczyk"}) {
    CAPTURE(text);
    CHECK(breach(passwords, text, ann) == "password_personal");
  }
  CHECK(breach(passwords, "vq8Zk2mP", ann) == "");
  CHECK(breach(passwords, "glass otter paints harbour", ann) == "");
  // The service's name, for everybody.
  CHECK(breach(passwords, "meadow notes") != "");
  // However much is known of somebody.
  const std::vector<std::string> much(200, std::string(5000, 'y') + " word");
  CHECK(breach(passwords, "vq8Zk2mP", much) == "");
}

TEST_CASE("policy: the least strength is a setting, and the worst are refused at any") {
  const char* middling = "harbour42";
  CHECK(breach(Passwords(options(0)), middling) == "");
  CHECK(breach(Passwords(options(4)), middling) == "password_weak");
  for (const int strength : {0, 1, 4}) {
    CHECK(breach(Passwords(options(strength)), "password") == "password_weak");
    CHECK(breach(Passwords(options(strength)), "vq8Zk2mPw3Rt6Yb") == "");
  }
}

TEST_CASE("policy: the blocklist, whatever the case of letters") {
  const TemporaryFile list("Correct-Zebra-Otter-9\r\n\nanother one of them\n");
  const Passwords passwords(options(2, list.path));
  CHECK(breach(passwords, "Correct-Zebra-Otter-9") == "password_blocked");
  CHECK(breach(passwords, "correct-zebra-OTTER-9") == "password_blocked");
  CHECK(breach(passwords, "another one of them") == "password_blocked");
  CHECK(breach(passwords, "correct-zebra-otter-91") == "");
  CHECK_THROWS_AS(Passwords(options(2, "/nonexistent/list")), std::runtime_error);
}

TEST_CASE("policy: the strength is told with what is too weak") {
  const Passwords passwords(options(3));
  CHECK(passwords.least_score() == 3);
  const auto weak = passwords.policy_breach(Password("password"));
  CHECK(weak.key == "password_weak");
  CHECK(weak.score == 0);
  const auto better = passwords.policy_breach(Password("jnvmqxwk"));
  CHECK((better.key.empty() || (better.score > 0 && better.score < 3)));
  CHECK(Passwords(options(0)).least_score() == 1);
}

#include "oidc/crypto/argon2.h"

#include "tests/support/catch.h"

using namespace oidc::crypto;
using oidc::Password;

namespace {
constexpr Argon2Cost kCheap{.memory_kib = 64, .iterations = 1, .lanes = 1};
const Password kPassword(std::string("password"));

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}
// From the test suite of the reference implementation, version 0x13.
constexpr std::string_view kKnown =
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
}  // namespace

TEST_CASE("Argon2id: known hashes") {
  CHECK(argon2id_verify(kKnown, kPassword));
  CHECK(
      argon2id_verify("$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$"
                      "bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
                      kPassword));
  CHECK(
      argon2id_verify("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
                      "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                      kPassword));
  CHECK_FALSE(argon2id_verify(kKnown, Password(std::string("differentpassword"))));
  CHECK_FALSE(argon2id_verify(kKnown, Password()));
}

TEST_CASE("Argon2id: own hashes") {
  const std::string phc = argon2id_hash(kPassword, kCheap);
  CHECK(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
  CHECK(phc.size() == 28 + 22 + 1 + 43);
  CHECK(argon2id_verify(phc, kPassword));
  CHECK_FALSE(argon2id_verify(phc, Password(std::string("Password"))));
  CHECK_FALSE(argon2id_verify(phc, Password(std::string("password\0", 9))));
  CHECK(argon2id_hash(kPassword, kCheap) != phc);
  const std::string empty = argon2id_hash(Password(), kCheap);
  CHECK(argon2id_verify(empty, Password()));
  CHECK_FALSE(argon2id_verify(empty, kPassword));
}

TEST_CASE("Argon2id: more memory after less on one thread") {
  for (std::uint32_t memory : {64u, 1024u, 128u, 80000u, 64u}) {
    const Argon2Cost cost{.memory_kib = memory, .iterations = 1, .lanes = 1};
    CHECK(argon2id_verify(argon2id_hash(kPassword, cost), kPassword));
  }
}

TEST_CASE("Argon2id: malformed strings verify nothing") {
  const std::string good(kKnown);
  const std::string bad[] = {
      "",
      "$",
      "password",
      "x" + good,
      good + "$",
      good + "=",
      good + " ",
      good.substr(0, good.size() - 1),
      good.substr(0, good.rfind('$')),
      good.substr(0, good.rfind('$') + 1),
      replaced(good, "argon2id", "argon2i"),
      replaced(good, "argon2id", "argon2d"),
      replaced(good, "argon2id", "Argon2id"),
      replaced(good, "v=19", "v=16"),
      replaced(good, "v=19$", ""),
      replaced(good, "m=256", "m=0256"),
      replaced(good, "m=256", "m=+256"),
      replaced(good, "m=256", "m="),
      replaced(good, "m=256", "m=4294967552"),
      replaced(good, "m=256", "m=4"),
      replaced(good, "t=2", "t=0"),
      replaced(good, "t=2", "t=-2"),
      replaced(good, "p=1", "p=0"),
      replaced(good, "m=256,t=2", "t=2,m=256"),
      replaced(good, "p=1", "p=1,keyid=aa"),
      replaced(good, "c29tZXNhbHQ", "c29tZXNhbHR"),
      replaced(good, "c29tZXNhbHQ", "c29t"),
      replaced(good, "c29tZXNhbHQ", ""),
      replaced(good, "/uIP", "_uIP"),
  };
  for (const std::string& phc : bad) {
    CAPTURE(phc);
    CHECK_FALSE(argon2id_verify(phc, kPassword));
    CHECK(argon2id_needs_rehash(phc, kCheap));
  }
}

TEST_CASE("Argon2id: a cost above the limit is not paid") {
  const std::string good(kKnown);
  CHECK_FALSE(argon2id_verify(replaced(good, "m=256", "m=1048577"), kPassword));
  CHECK_FALSE(argon2id_verify(replaced(good, "t=2", "t=17"), kPassword));
  CHECK_FALSE(argon2id_verify(replaced(good, "t=2", "t=999999999"), kPassword));
  CHECK_FALSE(argon2id_verify(replaced(good, "p=1", "p=9"), kPassword));
}

TEST_CASE("Argon2id: another cost asks for a new hash") {
  const std::string phc = argon2id_hash(kPassword, kCheap);
  CHECK_FALSE(argon2id_needs_rehash(phc, kCheap));
  CHECK(argon2id_needs_rehash(phc, {.memory_kib = 128, .iterations = 1, .lanes = 1}));
  CHECK(argon2id_needs_rehash(phc, {.memory_kib = 64, .iterations = 2, .lanes = 1}));
  CHECK(argon2id_needs_rehash(kKnown, {.memory_kib = 256, .iterations = 2, .lanes = 1}));  // salt
}

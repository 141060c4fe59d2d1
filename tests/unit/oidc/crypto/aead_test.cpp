#include "oidc/crypto/aead.h"

#include "tests/support/catch.h"

using oidc::crypto::open;
using oidc::crypto::seal;

namespace {
const std::string kKey(32, 'k');
}

TEST_CASE("AEAD: what was sealed is opened") {
  for (std::size_t size : {0u, 1u, 15u, 16u, 17u, 4096u}) {
    const std::string plain(size, 'p');
    const std::string sealed = seal(kKey, plain, "place");
    CHECK(sealed.size() == size + 28);
    CHECK(open(kKey, sealed, "place") == plain);
  }
  CHECK(open(kKey, seal(kKey, "x", ""), "") == std::string("x"));
}

TEST_CASE("AEAD: the nonce is new each time") {
  CHECK(seal(kKey, "x", "p").substr(0, 12) != seal(kKey, "x", "p").substr(0, 12));
}

TEST_CASE("AEAD: every altered bit is noticed") {
  const std::string sealed = seal(kKey, "secret text", "place");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ (1 << (i % 8)));
    CHECK_FALSE(open(kKey, altered, "place"));
  }
}

TEST_CASE("AEAD: another place, key or length is refused") {
  const std::string sealed = seal(kKey, "secret text", "place");
  CHECK_FALSE(open(kKey, sealed, "other"));
  CHECK_FALSE(open(kKey, sealed, ""));
  CHECK_FALSE(open(std::string(32, 'K'), sealed, "place"));
  CHECK_FALSE(open(std::string(31, 'k'), sealed, "place"));
  CHECK_FALSE(open("", sealed, "place"));
  CHECK_FALSE(open(kKey, sealed + "x", "place"));
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    CHECK_FALSE(open(kKey, std::string_view(sealed).substr(0, size), "place"));
  }
}

#include "oidc/crypto/digest.h"

#include "oidc/crypto/random.h"
#include "tests/support/catch.h"

using namespace oidc::crypto;

namespace {
std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned char c : bytes) {
    out += digits[c >> 4];
    out += digits[c & 15];
  }
  return out;
}
}  // namespace

TEST_CASE("SHA-2: FIPS 180-4 examples") {
  CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha384("abc")) ==
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
        "8086072ba1e7cc2358baeca134c825a7");
  CHECK(hex(sha512("abc")) ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  CHECK(sha256(std::string_view()) == sha256(""));
}

TEST_CASE("HMAC-SHA-256: RFC 4231 cases 1, 2, 3, 6 and 7") {
  CHECK(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hex(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  CHECK(hex(hmac_sha256(std::string(131, '\xaa'),
                        "Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(hex(hmac_sha256(std::string(131, '\xaa'),
                        "This is a test using a larger than block-size key and a larger than "
                        "block-size data. The key needs to be hashed before being used by the HMAC "
                        "algorithm.")) ==
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
  CHECK(hex(hmac_sha256("", "")) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("HKDF-SHA-256: RFC 5869 A.3, without salt and label") {
  CHECK(hex(hkdf_sha256(std::string(22, '\x0b'), "", 42)) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
        "9d201395faa4b61a96c8");
}

TEST_CASE("HKDF-SHA-256: labels separate keys") {
  const std::string key(32, 'k');
  CHECK(hkdf_sha256(key, "a").size() == 32);
  CHECK(hkdf_sha256(key, "a") == hkdf_sha256(key, "a"));
  CHECK(hkdf_sha256(key, "a") != hkdf_sha256(key, "b"));
  CHECK(hkdf_sha256(key, "a", 64).starts_with(hkdf_sha256(key, "a")));
}

TEST_CASE("comparing in constant time compares") {
  CHECK(equal_constant_time("", ""));
  CHECK(equal_constant_time("same", "same"));
  CHECK_FALSE(equal_constant_time("same", "sama"));
  CHECK_FALSE(equal_constant_time("same", "sam"));
  CHECK_FALSE(equal_constant_time("", "a"));
  CHECK_FALSE(equal_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

TEST_CASE("random bytes: asked length, never twice the same") {
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(33).size() == 33);
  CHECK(random_bytes(32) != random_bytes(32));
  CHECK(random_bytes((1 << 20) + 5).size() == (1 << 20) + 5);
}

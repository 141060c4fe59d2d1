#include "oidc/jose/algorithm.h"

#include "tests/support/catch.h"

using namespace oidc::jose;

TEST_CASE("algorithms: names are exact, and there is no none and no HMAC") {
  for (const char* name :
       {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}) {
    CAPTURE(name);
    const auto algorithm = parse_algorithm(name);
    REQUIRE(algorithm);
    CHECK(to_string(*algorithm) == name);
    CHECK(row(*algorithm).algorithm == *algorithm);
  }
  for (const char* name : {"", "none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "rs256",
                           "ES256K", "RSA-OAEP", "Ed25519", "RS256 ", "RS25", "eddsa"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_algorithm(name));
  }
  CHECK_FALSE(parse_algorithm(std::string_view("RS256\0", 6)));
}

TEST_CASE("algorithms: the default of each type of key") {
  using oidc::crypto::KeyType;
  CHECK(default_algorithm(KeyType::rsa) == Algorithm::RS256);
  CHECK(default_algorithm(KeyType::ec_p256) == Algorithm::ES256);
  CHECK(default_algorithm(KeyType::ec_p384) == Algorithm::ES384);
  CHECK(default_algorithm(KeyType::ec_p521) == Algorithm::ES512);
  CHECK(default_algorithm(KeyType::ed25519) == Algorithm::EdDSA);
}

TEST_CASE("at_hash and c_hash: the examples of OpenID Connect Core, appendix A") {
  CHECK(half_hash(Algorithm::RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") ==
        "77QmUPtjPfzWtF2AnpK9RQ");
  CHECK(half_hash(Algorithm::ES256, "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk") ==
        "LDktKdoQak3Pk0cnXxCltA");
  CHECK(half_hash(Algorithm::PS384, "x").size() == 32);
  CHECK(half_hash(Algorithm::ES512, "x").size() == 43);
  CHECK(half_hash(Algorithm::EdDSA, "x") == half_hash(Algorithm::RS512, "x"));
}

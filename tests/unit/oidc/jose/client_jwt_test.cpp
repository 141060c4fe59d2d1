#include "oidc/jose/client_jwt.h"

#include <array>
#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"
#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::jose;
using nlohmann::json;
using oidc::ClientSecret;
using oidc::crypto::KeyType;
using oidc::crypto::PrivateKey;
using samples::kNow;

namespace {

const PrivateKey& rsa() {
  static const PrivateKey key = PrivateKey::generate(KeyType::rsa);
  return key;
}
const PrivateKey& p256() {
  static const PrivateKey key = PrivateKey::generate(KeyType::ec_p256);
  return key;
}

Jwk jwk(const PrivateKey& key, std::string kid = "", std::optional<Algorithm> alg = std::nullopt,
        std::string use = "") {
  return {std::move(kid), alg, std::move(use), key.public_key()};
}

std::string token(const PrivateKey& key, Algorithm algorithm, std::string_view kid = "",
                  std::string_view payload = R"({"a":1})") {
  return sign_jws(key, algorithm, kid, "JWT", payload).value();
}

bool verifies(const std::string& text, const std::vector<Jwk>& keys,
              std::span<const Algorithm> allowed = every_algorithm()) {
  const auto jws = parse_jws(text);
  REQUIRE(jws);
  const auto verified = verify_client_jwt(*jws, keys, allowed);
  if (!verified) CHECK(verified.error().code == oidc::OAuthErrorCode::invalid_token);
  return verified.has_value();
}

std::string hs256(std::string_view secret, std::string_view header = R"({"alg":"HS256"})",
                  std::string_view payload = R"({"a":1})") {
  const auto input = oidc::base64url_encode(header) + "." + oidc::base64url_encode(payload);
  return input + "." + oidc::base64url_encode(oidc::crypto::hmac_sha256(secret, input));
}

bool hmac_verifies(const std::string& text, std::string secret) {
  const auto jws = parse_jws(text);
  REQUIRE(jws);
  return verify_hs256_jwt(*jws, ClientSecret(std::move(secret))).has_value();
}

bool timely(const json& claims) {
  return check_times(claims, kNow).has_value();
}

}  // namespace

TEST_CASE("Client JWT: without a kid every key of the type may be meant") {
  const auto other = PrivateKey::generate(KeyType::ec_p256);
  const auto text = token(p256(), Algorithm::ES256);
  CHECK(verifies(text, {jwk(p256())}));
  CHECK(verifies(text, {jwk(rsa()), jwk(other), jwk(p256(), "named")}));
  CHECK_FALSE(verifies(text, {jwk(other), jwk(rsa())}));
  CHECK_FALSE(verifies(text, {}));
}

TEST_CASE("Client JWT: a kid leaves out the keys of other names") {
  const auto text = token(p256(), Algorithm::ES256, "k1");
  CHECK(verifies(text, {jwk(p256(), "k1")}));
  CHECK(verifies(text, {jwk(p256())}));
  CHECK_FALSE(verifies(text, {jwk(p256(), "k2")}));
}

TEST_CASE("Client JWT: the caller and the key decide the algorithm") {
  const std::array only_ps{Algorithm::PS256};
  const auto rs = token(rsa(), Algorithm::RS256);
  CHECK(verifies(rs, {jwk(rsa())}));
  CHECK(verifies(rs, {jwk(rsa(), "", Algorithm::RS256)}));
  CHECK_FALSE(verifies(rs, {jwk(rsa(), "", Algorithm::PS256)}));
  CHECK_FALSE(verifies(rs, {jwk(rsa())}, only_ps));
  CHECK_FALSE(verifies(rs, {jwk(rsa())}, {}));
  CHECK(verifies(token(rsa(), Algorithm::PS256), {jwk(rsa())}, only_ps));
  CHECK_FALSE(verifies(rs, {jwk(rsa(), "", std::nullopt, "enc")}));
  CHECK(verifies(rs, {jwk(rsa(), "", std::nullopt, "sig")}));
}

TEST_CASE("Client JWT: every algorithm of the table is in the list") {
  for (const Algorithm algorithm : every_algorithm()) {
    CHECK(parse_algorithm(to_string(algorithm)) == algorithm);
  }
  CHECK(every_algorithm().size() == 10);
  CHECK_FALSE(parse_algorithm(kHs256));
}

TEST_CASE("Client JWT: a forgery costs at most ten verifications") {
  std::vector<Jwk> keys(10, jwk(PrivateKey::generate(KeyType::ec_p256)));
  const auto text = token(p256(), Algorithm::ES256);
  keys.back() = jwk(p256());
  CHECK(verifies(text, keys));
  keys.insert(keys.begin(), keys.front());
  CHECK_FALSE(verifies(text, keys));
}

TEST_CASE("Client JWT: HS256 with a shared secret, and nothing that looks like it") {
  CHECK(hmac_verifies(hs256("secret-of-both"), "secret-of-both"));
  CHECK_FALSE(hmac_verifies(hs256("secret-of-both"), "secret-of-botH"));
  CHECK_FALSE(hmac_verifies(hs256(""), ""));
  for (const char* header : {R"({"alg":"HS384"})", R"({"alg":"hs256"})", R"({"alg":"none"})"}) {
    CHECK_FALSE(hmac_verifies(hs256("secret-of-both", header), "secret-of-both"));
  }
  CHECK_FALSE(hmac_verifies(token(p256(), Algorithm::ES256), "secret-of-both"));
  // With the bytes of a public key as the secret (RFC 8725 §2.1).
  const auto modulus = rsa().public_key().components().n;
  CHECK_FALSE(verifies(hs256(modulus), {jwk(rsa())}));
  CHECK_FALSE(verifies(hs256(modulus, R"({"alg":"RS256"})"), {jwk(rsa())}));
}

TEST_CASE("Client JWT: the payload is read strictly") {
  for (const char* payload : {R"({"a":1,"a":2})", "[]", "1", "", "{", "{}x"}) {
    CAPTURE(payload);
    CHECK_FALSE(verifies(token(p256(), Algorithm::ES256, "", payload), {jwk(p256())}));
    CHECK_FALSE(hmac_verifies(hs256("s", R"({"alg":"HS256"})", payload), "s"));
  }
}

TEST_CASE("Client JWT: times, with a minute for clocks that differ") {
  const auto now = oidc::to_seconds(kNow);
  const auto found = check_times(json{{"exp", now + 30}}, kNow);
  REQUIRE(found);
  CHECK(found->expires_at == oidc::from_millis((now + 30) * 1000));
  CHECK_FALSE(check_times(json::object(), kNow)->expires_at);
  CHECK(timely({{"exp", now - 59}}));
  CHECK_FALSE(timely({{"exp", now - 61}}));
  CHECK(timely({{"exp", static_cast<double>(now) + 0.5}}));
  for (const char* name : {"nbf", "iat"}) {
    CHECK(timely({{name, now + 59}}));
    CHECK_FALSE(timely({{name, now + 62}}));
    CHECK(timely({{name, 0}}));
  }
  for (const char* name : {"exp", "nbf", "iat"}) {
    for (const json& value : {json("1"), json(nullptr), json(-1), json(1e300), json(true)}) {
      CHECK_FALSE(timely({{name, value}}));
    }
  }
}

#include "oidc/jose/jws.h"

#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"
#include "tests/support/catch.h"
#include "tests/vectors/jose_vectors.h"

using namespace oidc::jose;
using nlohmann::json;
using oidc::base64url_decode;
using oidc::base64url_encode;
using oidc::crypto::KeyType;
using oidc::crypto::PrivateKey;

namespace {

const PrivateKey& key_of(KeyType type) {
  static const PrivateKey keys[] = {
      PrivateKey::generate(KeyType::rsa), PrivateKey::generate(KeyType::ec_p256),
      PrivateKey::generate(KeyType::ec_p384), PrivateKey::generate(KeyType::ec_p521),
      PrivateKey::generate(KeyType::ed25519)};
  return keys[static_cast<std::size_t>(type)];
}

constexpr Algorithm kAll[] = {
    Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384,
    Algorithm::PS512, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA};

Jwk jwk_of(Algorithm algorithm, std::string kid = "k1") {
  return {std::move(kid), algorithm, "sig", key_of(row(algorithm).key_type).public_key()};
}

// A token with any header, signed rightly with P-256.
std::string es256_token(std::string_view header, std::string_view payload = "{}") {
  const std::string input = base64url_encode(header) + "." + base64url_encode(payload);
  const auto signature = key_of(KeyType::ec_p256).sign(oidc::crypto::SignatureScheme::es256, input);
  return input + "." + base64url_encode(*signature);
}

bool accepted(std::string_view token, const std::vector<Jwk>& keys) {
  const auto result = verify_jwt(token, keys);
  if (!result) CHECK(result.error().code == oidc::OAuthErrorCode::invalid_token);
  return result.has_value();
}

std::vector<Jwk> rfc_keys() {
  const auto read = [](json value) { return *parse_jwk(value); };
  return {read({{"kty", "RSA"}, {"n", vectors::kRfc7515RsaN}, {"e", "AQAB"}}),
          read({{"kty", "EC"},
                {"crv", "P-256"},
                {"x", vectors::kRfc7515EcX},
                {"y", vectors::kRfc7515EcY}}),
          read({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", vectors::kRfc8037X}})};
}

}  // namespace

TEST_CASE("JWS: the examples of RFC 7515 A.2 and A.3") {
  for (const auto token : {vectors::kRfc7515Rs256Token, vectors::kRfc7515Es256Token}) {
    const auto verified = verify_jwt(token, rfc_keys());
    REQUIRE(verified);
    CHECK((*verified->claims)["iss"] == "joe");
    CHECK((*verified->claims)["exp"] == 1300819380);
    CHECK(parse_jws(token)->payload == *base64url_decode(vectors::kRfc7515Payload));
  }
}

TEST_CASE("JWS: the example of RFC 8037 A.4, whose payload is no JWT") {
  const auto jws = parse_jws(vectors::kRfc8037Token);
  REQUIRE(jws);
  CHECK(jws->alg == "EdDSA");
  CHECK(jws->payload == vectors::kRfc8037Payload);
  CHECK(verify_jws(*jws, Algorithm::EdDSA, rfc_keys()[2].key));
  CHECK_FALSE(verify_jwt(vectors::kRfc8037Token, rfc_keys()));
}

TEST_CASE("JWS: each algorithm signs what it verifies, and no other algorithm verifies it") {
  for (const Algorithm algorithm : kAll) {
    CAPTURE(to_string(algorithm));
    const PrivateKey& key = key_of(row(algorithm).key_type);
    const auto token = sign_jws(key, algorithm, "k1", "at+jwt", R"({"sub":"a"})");
    REQUIRE(token);
    const auto verified = verify_jwt(*token, {jwk_of(algorithm)});
    REQUIRE(verified);
    CHECK(verified->algorithm == algorithm);
    CHECK(verified->kid == "k1");
    CHECK(verified->typ == "at+jwt");
    CHECK((*verified->claims)["sub"] == "a");
    const auto jws = parse_jws(*token);
    REQUIRE(jws);
    for (const Algorithm other : kAll) {
      const auto& half = key_of(row(other).key_type).public_key();
      CHECK(verify_jws(*jws, other, half) == (other == algorithm));
      CHECK(accepted(*token, {jwk_of(other)}) == (other == algorithm));
    }
  }
}

TEST_CASE("JWS: signing needs a key of the algorithm's type") {
  CHECK_FALSE(sign_jws(key_of(KeyType::rsa), Algorithm::ES256, "k", "", "{}"));
  CHECK_FALSE(sign_jws(key_of(KeyType::ec_p256), Algorithm::ES384, "k", "", "{}"));
  CHECK_FALSE(sign_jws(key_of(KeyType::ec_p256), Algorithm::ES256, "\xff", "", "{}"));
  CHECK_FALSE(sign_jws(key_of(KeyType::ec_p256), Algorithm::ES256, "", "\xff", "{}"));
}

TEST_CASE("JWS: the header is what was asked for, and escaped") {
  const auto header_of = [](std::string_view kid, std::string_view typ) {
    const auto token = sign_jws(key_of(KeyType::ec_p256), Algorithm::ES256, kid, typ, "{}");
    return *base64url_decode(token->substr(0, token->find('.')));
  };
  CHECK(header_of("", "") == R"({"alg":"ES256"})");
  CHECK(header_of("k", "") == R"({"alg":"ES256","kid":"k"})");
  CHECK(header_of("k", "JWT") == R"({"alg":"ES256","typ":"JWT","kid":"k"})");
  const std::string odd = "a\"b\\c\n\x01\x7f\xc3\xa9\",\"alg\":\"none";
  CHECK(json::parse(header_of(odd, "JWT"))["kid"] == odd);
  CHECK(json::parse(header_of(odd, odd))["typ"] == odd);
  CHECK(json::parse(header_of(odd, odd)).size() == 3);
}

TEST_CASE("JWT: alg none and its spellings are refused, signed or not") {
  const std::vector<Jwk> keys = {jwk_of(Algorithm::ES256)};
  const std::string payload = base64url_encode("{}");
  for (const char* alg :
       {"none", "None", "NONE", "nOnE", "", "HS256", "es256", "ES256 ", "ES384"}) {
    CAPTURE(alg);
    const std::string header = json{{"alg", alg}, {"kid", "k1"}}.dump();
    const std::string input = base64url_encode(header) + "." + payload;
    CHECK_FALSE(accepted(input + ".", keys));
    CHECK_FALSE(accepted(input, keys));
    CHECK_FALSE(accepted(input + ".AA", keys));
    CHECK_FALSE(accepted(es256_token(header), keys));
  }
}

TEST_CASE("JWT: HS256 with the public key as the secret is refused") {
  const Jwk rsa = jwk_of(Algorithm::RS256);
  const auto components = rsa.key.components();
  const std::string input =
      base64url_encode(R"({"alg":"HS256","kid":"k1"})") + "." + base64url_encode("{}");
  for (const std::string& secret :
       {components.n, to_json(rsa).dump(), base64url_encode(components.n)}) {
    const std::string token =
        input + "." + base64url_encode(oidc::crypto::hmac_sha256(secret, input));
    CHECK_FALSE(accepted(token, {rsa}));
    Jwk open = rsa;
    open.alg.reset();
    CHECK_FALSE(accepted(token, {open}));
  }
}

TEST_CASE("JWT: keys that the token brings along are not used") {
  const Jwk own = jwk_of(Algorithm::ES256);
  const auto other = PrivateKey::generate(KeyType::ec_p256);
  const json brought = to_json({"k1", Algorithm::ES256, "sig", other.public_key()});
  for (const json& header :
       {json{{"alg", "ES256"}, {"kid", "k1"}, {"jwk", brought}},
        json{{"alg", "ES256"}, {"jwk", brought}},
        json{{"alg", "ES256"}, {"kid", "k1"}, {"jku", "http://127.0.0.1/keys"}},
        json{{"alg", "ES256"}, {"kid", "k1"}, {"x5u", "http://127.0.0.1/c"}},
        json{{"alg", "ES256"}, {"kid", "k1"}, {"x5c", json::array({"AA=="})}}}) {
    CAPTURE(header.dump());
    const std::string input = base64url_encode(header.dump()) + "." + base64url_encode("{}");
    const auto signature = other.sign(oidc::crypto::SignatureScheme::es256, input);
    CHECK_FALSE(accepted(input + "." + base64url_encode(*signature), {own}));
    CHECK(accepted(es256_token(header.dump()), {own}));  // ignored, not followed
  }
}

TEST_CASE("JWT: headers that are refused though the signature is right") {
  const std::vector<Jwk> keys = {jwk_of(Algorithm::ES256)};
  CHECK(accepted(es256_token(R"({"alg":"ES256","kid":"k1"})"), keys));
  for (const char* header : {R"({"alg":"ES256","kid":"k1","crit":["exp"],"exp":1})",
                             R"({"alg":"ES256","crit":[]})",
                             R"({"alg":"ES256","crit":null})",
                             R"({"alg":"ES256","crit":["b64"],"b64":false})",
                             R"({"alg":"ES256","b64":false})",
                             R"({"alg":"ES256","b64":true})",
                             R"({"alg":"none","alg":"ES256"})",
                             R"({"alg":"ES256","alg":"ES256"})",
                             R"({"alg":"ES256","\u0061lg":"none"})",
                             R"({"alg":["ES256"]})",
                             R"({"alg":null})",
                             R"({})",
                             R"({"kid":"k1"})",
                             R"({"alg":"ES256","kid":1})",
                             R"({"alg":"ES256","kid":["k1"]})",
                             R"({"alg":"ES256","kid":null})",
                             R"({"alg":"ES256","typ":7})",
                             R"({"alg":"ES256","kid":"k1\u0000"})",
                             R"(["ES256"])",
                             R"("ES256")",
                             "",
                             "{",
                             R"({"alg":"ES256"}{})",
                             "{\"alg\":\"ES256\",\"x\":\"\xff\"}"}) {
    CAPTURE(header);
    CHECK_FALSE(accepted(es256_token(header), keys));
  }
}

TEST_CASE("JWT: the payload must be a JSON object") {
  const std::vector<Jwk> keys = {jwk_of(Algorithm::ES256)};
  for (const char* payload :
       {"", "[]", "\"x\"", "1", "null", "{", "{}{}", R"({"sub":"a","sub":"b"})",
        R"({"sub":"a\u0000"})", "{\"sub\":\"\xff\"}"}) {
    CAPTURE(payload);
    CHECK_FALSE(accepted(es256_token(R"({"alg":"ES256","kid":"k1"})", payload), keys));
  }
}

TEST_CASE("JWT: the key is the one with the token's kid") {
  const std::string token = *sign_jws(key_of(KeyType::ec_p256), Algorithm::ES256, "k1", "", "{}");
  const auto other = PrivateKey::generate(KeyType::ec_p256);
  const Jwk right = jwk_of(Algorithm::ES256);
  Jwk wrong{"k2", Algorithm::ES256, "sig", other.public_key()};
  CHECK(accepted(token, {wrong, right}));
  CHECK(accepted(token, {right, jwk_of(Algorithm::RS256, "k1")}));
  CHECK_FALSE(accepted(token, {}));
  CHECK_FALSE(accepted(token, {wrong}));
  for (const char* kid : {"", "K1", "k", "k11", "k1 ", "../../etc/passwd", "' OR 1=1--"}) {
    CAPTURE(kid);
    CHECK_FALSE(accepted(token, {jwk_of(Algorithm::ES256, kid)}));
  }
  wrong.kid = "k1";
  CHECK_FALSE(accepted(token, {wrong}));
  CHECK_FALSE(accepted(token, {wrong, right}));  // two keys of one kid: which is meant?
  Jwk encryption = right;
  encryption.use = "enc";
  CHECK_FALSE(accepted(token, {encryption}));
}

TEST_CASE("JWT: without kid the key must be the only one of its algorithm") {
  const std::string token = *sign_jws(key_of(KeyType::ec_p256), Algorithm::ES256, "", "", "{}");
  const Jwk right = jwk_of(Algorithm::ES256, "any");
  const Jwk other{"k2", Algorithm::ES256, "sig",
                  PrivateKey::generate(KeyType::ec_p256).public_key()};
  CHECK(accepted(token, {right}));
  CHECK(accepted(token, {jwk_of(Algorithm::RS256), right, jwk_of(Algorithm::EdDSA)}));
  CHECK_FALSE(accepted(token, {right, other}));
  CHECK_FALSE(accepted(token, {jwk_of(Algorithm::RS256)}));
}

TEST_CASE("JWT: a key without alg stands for the default of its type only") {
  const PrivateKey& rsa = key_of(KeyType::rsa);
  Jwk open = jwk_of(Algorithm::RS256);
  open.alg.reset();
  CHECK(accepted(*sign_jws(rsa, Algorithm::RS256, "k1", "", "{}"), {open}));
  CHECK_FALSE(accepted(*sign_jws(rsa, Algorithm::PS256, "k1", "", "{}"), {open}));
  CHECK_FALSE(accepted(*sign_jws(rsa, Algorithm::RS512, "k1", "", "{}"), {open}));
}

TEST_CASE("JWS: the text is strict") {
  const std::vector<Jwk> keys = {jwk_of(Algorithm::ES256)};
  const std::string good = *sign_jws(key_of(KeyType::ec_p256), Algorithm::ES256, "k1", "", "{}");
  REQUIRE(accepted(good, keys));
  const auto first = good.find('.');
  const auto last = good.rfind('.');
  const std::string bad[] = {"",
                             ".",
                             "..",
                             "...",
                             good + ".",
                             "." + good,
                             good + ".AA",
                             good + ".AA.AA",
                             good + "=",
                             good + "==",
                             good + " ",
                             " " + good,
                             good + "\n",
                             good + std::string(1, '\0'),
                             good.substr(0, last),
                             good.substr(0, last + 1),
                             good.substr(0, first) + "=" + good.substr(first),
                             good.substr(0, first) + "..",
                             "Bearer " + good};
  for (const std::string& token : bad) {
    CAPTURE(token);
    CHECK_FALSE(accepted(token, keys));
  }
}

TEST_CASE("JWS: no second text of a signed token is accepted") {
  const std::vector<Jwk> keys = {jwk_of(Algorithm::ES256)};
  const std::string good =
      *sign_jws(key_of(KeyType::ec_p256), Algorithm::ES256, "k1", "", R"({"sub":"a"})");
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int count = 0;
  for (const char last : alphabet) {
    count += verify_jwt(good.substr(0, good.size() - 1) + last, keys).has_value();
  }
  CHECK(count == 1);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string altered = good;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(verify_jwt(altered, keys));
  }
}

TEST_CASE("JWS: ECDSA signatures that are cut, longer, zero or DER are refused") {
  const std::vector<Jwk> keys = {jwk_of(Algorithm::ES256)};
  const std::string good = *sign_jws(key_of(KeyType::ec_p256), Algorithm::ES256, "k1", "", "{}");
  const auto cut = good.rfind('.') + 1;
  const std::string raw = *base64url_decode(good.substr(cut));
  const auto with = [&](std::string_view signature) {
    return good.substr(0, cut) + base64url_encode(signature);
  };
  REQUIRE(accepted(with(raw), keys));
  CHECK_FALSE(accepted(with(raw.substr(0, 63)), keys));
  CHECK_FALSE(accepted(with(raw.substr(0, 32)), keys));
  CHECK_FALSE(accepted(with(raw + '\0'), keys));
  CHECK_FALSE(accepted(with('\0' + raw), keys));
  CHECK_FALSE(accepted(with(raw.substr(0, 32) + '\0' + raw.substr(32)), keys));
  CHECK_FALSE(accepted(with(std::string(64, '\0')), keys));
  CHECK_FALSE(accepted(with("\x30\x06\x02\x01\x01\x02\x01\x01"), keys));
  CHECK_FALSE(accepted(with(raw + raw), keys));
}

TEST_CASE("JWS: 16 KB are the most") {
  const std::vector<Jwk> keys = {jwk_of(Algorithm::ES256)};
  const auto token = [](std::size_t size) {
    return es256_token(R"({"alg":"ES256","kid":"k1"})",
                       R"({"pad":")" + std::string(size, 'a') + R"("})");
  };
  CHECK(accepted(token(12000), keys));
  CHECK_FALSE(accepted(token(12288), keys));
  CHECK_FALSE(accepted(std::string(1 << 20, '.'), keys));
}

TEST_CASE("JWS: errors tell the caller nothing about the reason") {
  const auto result = verify_jwt("x", {});
  REQUIRE_FALSE(result);
  CHECK(result.error().description == "The token is not valid.");
  CHECK_FALSE(result.error().detail.empty());
}

#include "oidc/jose/jwk.h"

#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "tests/support/catch.h"
#include "tests/vectors/jose_vectors.h"

using namespace oidc::jose;
using nlohmann::json;
using oidc::crypto::KeyType;

namespace {

json rsa_jwk() {
  return {{"kty", "RSA"}, {"n", vectors::kRfc7638N}, {"e", "AQAB"}};
}
json ec_jwk() {
  return {
      {"kty", "EC"}, {"crv", "P-256"}, {"x", vectors::kRfc7515EcX}, {"y", vectors::kRfc7515EcY}};
}
json okp_jwk() {
  return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", vectors::kRfc8037X}};
}

json with(json value, const char* name, json member) {
  value[name] = std::move(member);
  return value;
}
json without(json value, const char* name) {
  value.erase(name);
  return value;
}
std::string set_of(std::initializer_list<json> keys) {
  return json{{"keys", json::array_t(keys)}}.dump();
}

}  // namespace

TEST_CASE("JWK: the three types of keys are read") {
  const auto rsa = parse_jwk(with(with(rsa_jwk(), "alg", "RS256"), "kid", "2011-04-29"));
  REQUIRE(rsa);
  CHECK(rsa->kid == "2011-04-29");
  CHECK(rsa->alg == Algorithm::RS256);
  CHECK(rsa->use.empty());
  CHECK(rsa->key.type() == KeyType::rsa);
  const auto ec = parse_jwk(with(ec_jwk(), "use", "sig"));
  REQUIRE(ec);
  CHECK(ec->kid.empty());
  CHECK_FALSE(ec->alg);
  CHECK(ec->use == "sig");
  CHECK(ec->key.type() == KeyType::ec_p256);
  const auto okp = parse_jwk(okp_jwk());
  REQUIRE(okp);
  CHECK(okp->key.type() == KeyType::ed25519);
}

TEST_CASE("JWK: thumbprints of RFC 7638 and RFC 8037") {
  CHECK(thumbprint(parse_jwk(rsa_jwk())->key) == vectors::kRfc7638Thumbprint);
  CHECK(thumbprint(parse_jwk(okp_jwk())->key) == vectors::kRfc8037Thumbprint);
  CHECK(thumbprint(parse_jwk(ec_jwk())->key) == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

TEST_CASE("JWK: to_json gives back what was read, and nothing private") {
  for (const KeyType type :
       {KeyType::rsa, KeyType::ec_p256, KeyType::ec_p384, KeyType::ec_p521, KeyType::ed25519}) {
    const auto key = oidc::crypto::PrivateKey::generate(type).public_key();
    const Jwk jwk{thumbprint(key), default_algorithm(type), "sig", key};
    const json text = to_json(jwk);
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "k"})
      CHECK_FALSE(text.contains(name));
    CHECK(text["use"] == "sig");
    CHECK(text["kid"] == jwk.kid);
    CHECK(text["alg"] == to_string(*jwk.alg));
    const auto again = parse_jwk(text);
    REQUIRE(again);
    CHECK(to_json(*again) == text);
    CHECK(thumbprint(again->key) == jwk.kid);
  }
  const json plain = to_json(*parse_jwk(ec_jwk()));
  CHECK_FALSE(plain.contains("kid"));
  CHECK_FALSE(plain.contains("alg"));
}

TEST_CASE("JWK: private and symmetric keys are refused, alone and in a set") {
  std::vector<json> refused = {
      {{"kty", "oct"}, {"k", "c2VjcmV0"}},      {{"kty", "oct"}},
      with(okp_jwk(), "d", vectors::kRfc8037D), with({{"kty", "new"}}, "d", "AQ"),
      with(rsa_jwk(), "oth", json::array()),    with(ec_jwk(), "d", nullptr)};
  for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
    refused.push_back(with(rsa_jwk(), name, "AQAB"));
  }
  for (const json& value : refused) {
    CAPTURE(value.dump());
    const auto jwk = parse_jwk(value);
    REQUIRE_FALSE(jwk);
    CHECK(jwk.error().code == oidc::OAuthErrorCode::invalid_client_metadata);
    CHECK_FALSE(parse_jwk_set(set_of({ec_jwk(), value})));
  }
}

TEST_CASE("JWK: broken keys are refused, alone and in a set") {
  const std::string weak = oidc::base64url_encode(std::string(128, '\xff'));
  const std::string padded =
      oidc::base64url_encode('\0' + *oidc::base64url_decode(vectors::kRfc7638N));
  const std::string short_x =
      oidc::base64url_encode(oidc::base64url_decode(vectors::kRfc7515EcX)->substr(1));
  const std::vector<json> refused = {
      "key",
      json::array(),
      nullptr,
      json::object(),
      without(rsa_jwk(), "kty"),
      with(rsa_jwk(), "kty", 1),
      with(rsa_jwk(), "kty", ""),
      without(rsa_jwk(), "n"),
      without(rsa_jwk(), "e"),
      with(rsa_jwk(), "n", weak),
      with(rsa_jwk(), "n", padded),
      with(rsa_jwk(), "n", std::string(vectors::kRfc7638N) + "=="),
      with(rsa_jwk(), "n", 12345),
      with(rsa_jwk(), "e", "AQ"),
      with(rsa_jwk(), "e", "Aw"),
      with(rsa_jwk(), "e", "AQAA"),
      with(rsa_jwk(), "e", "AAEAAQ"),
      with(rsa_jwk(), "e", ""),
      with(rsa_jwk(), "alg", "ES256"),
      with(rsa_jwk(), "alg", "EdDSA"),
      with(rsa_jwk(), "alg", 256),
      with(rsa_jwk(), "kid", 7),
      with(rsa_jwk(), "kid", nullptr),
      with(rsa_jwk(), "kid", std::string(256, 'k')),
      with(rsa_jwk(), "use", true),
      with(rsa_jwk(), "key_ops", "verify"),
      without(ec_jwk(), "x"),
      without(ec_jwk(), "y"),
      with(ec_jwk(), "x", short_x),
      with(ec_jwk(), "x", vectors::kRfc7515EcY),
      with(ec_jwk(), "crv", "P-384"),
      with(ec_jwk(), "alg", "RS256"),
      with(ec_jwk(), "alg", "ES384"),
      with(ec_jwk(), "crv", 256),
      without(okp_jwk(), "x"),
      with(okp_jwk(), "x", "AQ"),
      with(okp_jwk(), "alg", "ES256"),
      with(okp_jwk(), "x", oidc::base64url_encode(std::string(1, '\x01') + std::string(31, '\0')))};
  for (const json& value : refused) {
    CAPTURE(value.dump());
    const auto jwk = parse_jwk(value);
    REQUIRE_FALSE(jwk);
    CHECK(jwk.error().description.find('"') == std::string::npos);
    CHECK_FALSE(parse_jwk_set(set_of({value})));
  }
}

TEST_CASE("JWK set: keys of no use here are left out") {
  const std::vector<json> foreign = {{{"kty", "AKP"}, {"pub", "AQAB"}},
                                     {{"kty", "rsa"}, {"n", "AQAB"}, {"e", "AQAB"}},
                                     with(ec_jwk(), "crv", "secp256k1"),
                                     with(okp_jwk(), "crv", "X25519"),
                                     with(okp_jwk(), "crv", "P-256"),
                                     with(rsa_jwk(), "alg", "RSA-OAEP"),
                                     with(rsa_jwk(), "alg", "none"),
                                     with(rsa_jwk(), "alg", "HS256"),
                                     with(rsa_jwk(), "use", "wrap"),
                                     with(rsa_jwk(), "key_ops", json::array({"encrypt"})),
                                     with(rsa_jwk(), "key_ops", json::array())};
  for (const json& value : foreign) {
    CAPTURE(value.dump());
    CHECK_FALSE(parse_jwk(value));
    const auto set = parse_jwk_set(set_of({value, with(ec_jwk(), "kid", "good")}));
    REQUIRE(set);
    REQUIRE(set->size() == 1);
    CHECK(set->front().kid == "good");
  }
}

TEST_CASE("JWK set: shape and size") {
  CHECK(parse_jwk_set(R"({"keys":[]})")->empty());
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":null})", R"({"keys":[1]})",
                           R"({"keys":[],"keys":[]})", R"({"keys":["{}"]})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_jwk_set(text));
  }
  const auto many = [](int count) {
    json keys = json::array();
    for (int i = 0; i < count; ++i) keys.push_back(with(okp_jwk(), "kid", std::to_string(i)));
    return json{{"keys", keys}}.dump();
  };
  CHECK(parse_jwk_set(many(50))->size() == 50);
  CHECK_FALSE(parse_jwk_set(many(51)));
  CHECK_FALSE(parse_jwk_set(R"({"keys":[],"pad":")" + std::string(64 * 1024, 'a') + R"("})"));
  // A repeated member inside a key.
  CHECK_FALSE(parse_jwk_set(R"({"keys":[{"kty":"OKP","kty":"OKP","crv":"Ed25519","x":"AQ"}]})"));
}

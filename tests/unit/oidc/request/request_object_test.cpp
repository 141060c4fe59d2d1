// Request objects (OpenID Connect Core §6, RFC 9101): what is merged, what is refused.
#include "oidc/request/request_object.h"

#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/jose/jws.h"
#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::request;
using nlohmann::json;
using oidc::Form;
using oidc::OAuthErrorCode;
using oidc::crypto::KeyType;
using oidc::crypto::PrivateKey;
using oidc::jose::Algorithm;
using oidc::jose::Jwk;
using samples::kNow;

namespace {

const PrivateKey& key() {
  static const PrivateKey made = PrivateKey::generate(KeyType::ec_p256);
  return made;
}

struct World {
  oidc::model::Client client = samples::web();
  std::vector<Jwk> keys = {{"", std::nullopt, "", key().public_key()}};
  oidc::metadata::Features features;
  Form outer = samples::form("client_id=web&response_type=code&scope=openid&state=outer");

  oidc::Result<Form> merge(const std::string& text) const {
    return merge_request_object(outer, {.text = text,
                                        .client = client,
                                        .keys = keys,
                                        .issuer = samples::kIssuer,
                                        .features = features,
                                        .now = kNow});
  }
  bool refuses(const std::string& text) const {
    const auto merged = merge(text);
    if (!merged) CHECK(merged.error().code == OAuthErrorCode::invalid_request_object);
    return !merged;
  }
};

std::string sign(const json& claims, std::string_view typ = "", std::string_view kid = "") {
  return oidc::jose::sign_jws(key(), Algorithm::ES256, kid, typ, claims.dump()).value();
}

std::string unsigned_object(const json& claims, std::string_view header = R"({"alg":"none"})",
                            std::string_view end = ".") {
  return oidc::base64url_encode(header) + "." + oidc::base64url_encode(claims.dump()) +
         std::string(end);
}

}  // namespace

TEST_CASE("Request object: its parameters win over those outside") {
  World world;
  world.outer.set("request", "x");
  world.outer.set("request_uri", "y");
  world.outer.set("nonce", "outer");
  const auto merged = world.merge(sign({{"state", "inner"},
                                        {"client_id", "web"},
                                        {"max_age", 300},
                                        {"claims", {{"userinfo", {{"name", nullptr}}}}},
                                        {"resource", {"https://a.test", "https://b.test"}},
                                        {"login_hint", ""},
                                        {"iss", "web"},
                                        {"aud", "https://id.test"},
                                        {"jti", "1"}}));
  REQUIRE(merged);
  CHECK(merged->get("state") == "inner");
  CHECK(merged->get("nonce") == "outer");
  CHECK(merged->get("scope") == "openid");
  CHECK(merged->get("max_age") == "300");
  CHECK(merged->get("claims") == R"({"userinfo":{"name":null}})");
  CHECK(merged->get("resource") == "https://a.test https://b.test");
  for (const char* name : {"request", "request_uri", "iss", "aud", "jti", "login_hint"}) {
    CAPTURE(name);
    CHECK_FALSE(merged->has(name));
  }
}

TEST_CASE("Request object: where it must be signed, nothing outside counts (RFC 9101 6.3)") {
  World world;
  world.client.require_signed_request_object = true;
  const auto merged = world.merge(sign({{"scope", "openid email"}, {"response_type", "code"}}));
  REQUIRE(merged);
  CHECK(merged->get("scope") == "openid email");
  CHECK(merged->get("client_id") == "web");
  CHECK_FALSE(merged->has("state"));
}

TEST_CASE("Request object: what was repeated outside stays known") {
  World world;
  world.outer = Form::parse("client_id=web&state=a&state=b", oidc::Repeats::note).value();
  CHECK(world.merge(sign({{"scope", "openid"}}))->is_repeated("state"));
  world.client.require_signed_request_object = true;
  CHECK(world.merge(sign({{"scope", "openid"}}))->is_repeated("state"));
}

TEST_CASE("Request object: inside and outside must agree on client and response type") {
  World world;
  CHECK(world.refuses(sign({{"client_id", "spa"}})));
  CHECK(world.refuses(sign({{"client_id", 7}})));
  CHECK(world.refuses(sign({{"response_type", "code id_token"}})));
  CHECK(world.refuses(sign({{"response_type", nullptr}})));
  world.outer.set("response_type", "id_token token");
  CHECK_FALSE(world.refuses(sign({{"response_type", "token id_token"}})));
  world.outer.erase("response_type");
  CHECK(world.merge(sign({{"response_type", "code"}}))->get("response_type") == "code");
}

TEST_CASE("Request object: claims about itself") {
  const World world;
  const auto now = oidc::to_seconds(kNow);
  CHECK_FALSE(world.refuses(sign({{"aud", {"https://other.test", "https://id.test"}}})));
  CHECK_FALSE(world.refuses(sign({{"exp", now + 60}, {"nbf", now + 8}, {"iat", now}})));
  for (const json& claims :
       {json{{"iss", "spa"}}, json{{"iss", nullptr}}, json{{"aud", "https://other.test"}},
        json{{"aud", "https://id.test/"}}, json{{"aud", {"https://other.test"}}}, json{{"aud", 1}},
        json{{"exp", now - 300}}, json{{"exp", "soon"}}, json{{"nbf", now + 300}},
        json{{"iat", now + 300}}, json{{"sub", "web"}}, json{{"request", "x"}},
        json{{"request_uri", "https://rp.test/r"}}, json{{"request", ""}}, json{{"state", nullptr}},
        json{{"resource", {1}}}}) {
    CAPTURE(claims.dump());
    CHECK(world.refuses(sign(claims)));
  }
  json many = json::object();
  for (int i = 0; i < 101; ++i) many["p" + std::to_string(i)] = "x";
  CHECK(world.refuses(sign(many)));
}

TEST_CASE("Request object: signature, algorithm, key, typ") {
  World world;
  const json claims = {{"scope", "openid"}};
  for (const char* typ : {"JWT", "oauth-authz-req+jwt", "jwt"}) {
    CHECK_FALSE(world.refuses(sign(claims, typ)));
  }
  for (const char* typ : {"at+jwt", "client-authentication+jwt", "logout+jwt"}) {
    CHECK(world.refuses(sign(claims, typ)));
  }
  auto forged = sign(claims);
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  CHECK(world.refuses(forged));
  for (const std::string text : {"", "x", "a.b", "a.b.c", "a.b.c.d.e"}) {
    CHECK(world.refuses(text));
  }
  CHECK(world.refuses(std::string(16 * 1024 + 1, 'x')));
  for (const char* other : {"RS256", "none", "HS256"}) {
    world.client.request_object_signing_alg = other;
    CHECK(world.refuses(sign(claims)));
  }
  world.client.request_object_signing_alg = "ES256";
  CHECK_FALSE(world.refuses(sign(claims)));
  world.keys.clear();
  CHECK(world.refuses(sign(claims)));
}

TEST_CASE("Request object: alg none only where operator and client allow it (AR-13)") {
  World world;
  const json claims = {{"state", "inner"}};
  CHECK(world.refuses(unsigned_object(claims)));
  world.features.allow_unsigned = true;
  CHECK(world.merge(unsigned_object(claims))->get("state") == "inner");
  for (const char* header : {R"({"alg":"None"})", R"({"alg":"nOnE"})", R"({"alg":""})",
                             R"({"alg":null})", "{}", R"({"alg":"none","crit":["x"]})",
                             R"({"alg":"none","b64":false})", R"({"alg":"none","typ":"at+jwt"})",
                             R"({"alg":"none","typ":1})", R"({"alg":"ES256","alg":"none"})"}) {
    CAPTURE(header);
    CHECK(world.refuses(unsigned_object(claims, header)));
  }
  for (const char* end : {"", ".AA", "..", ".A"}) {
    CHECK(world.refuses(unsigned_object(claims, R"({"alg":"none"})", end)));
  }
  CHECK(world.refuses(unsigned_object({{"client_id", "spa"}})));
  CHECK(world.refuses(unsigned_object(json::array())));
  world.client.request_object_signing_alg = "ES256";
  CHECK(world.refuses(unsigned_object(claims)));
  world.client.request_object_signing_alg = "none";
  CHECK_FALSE(world.refuses(unsigned_object(claims)));
  world.client.require_signed_request_object = true;
  CHECK(world.refuses(unsigned_object(claims)));
}

TEST_CASE("Request object: its kid, to know which key to fetch") {
  CHECK(request_object_kid(sign({}, "", "k-7")) == "k-7");
  CHECK(request_object_kid(sign({})) == "");
  CHECK_FALSE(request_object_kid("x"));
  CHECK_FALSE(request_object_kid(unsigned_object({}, R"({"alg":"none","kid":"k"})")));
  CHECK_FALSE(request_object_kid(unsigned_object({}, R"({"alg":"HS256","kid":"k"})", ".AA")));
}

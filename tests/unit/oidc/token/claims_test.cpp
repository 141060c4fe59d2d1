#include "oidc/token/claims.h"

#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"
#include "oidc/jose/jws.h"
#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::token;
using nlohmann::json;
using oidc::OAuthErrorCode;
using oidc::crypto::KeyType;
using oidc::crypto::PrivateKey;
using oidc::jose::Algorithm;
using oidc::jose::Jwk;
using samples::kIssuer;
using samples::kNow;

namespace {

const PrivateKey& rsa() {
  static const PrivateKey key = PrivateKey::generate(KeyType::rsa);
  return key;
}
const PrivateKey& ec() {
  static const PrivateKey key = PrivateKey::generate(KeyType::ec_p256);
  return key;
}

std::vector<Jwk> keys() {
  return {{"rsa", Algorithm::RS256, "sig", rsa().public_key()},
          {"ec", Algorithm::ES256, "sig", ec().public_key()}};
}

json access_claims() {
  const auto grant = samples::grant_of(samples::web());
  return json::parse(access_token_claims({.issuer = kIssuer,
                                          .jti = "j",
                                          .audience = {std::string(kIssuer)},
                                          .grant = grant,
                                          .scope = "openid email",
                                          .now = kNow,
                                          .expires_at = kNow + std::chrono::minutes(15)}));
}

json id_claims() {
  const auto user = samples::alice();
  const auto grant = samples::grant_of(samples::web());
  return json::parse(id_token_claims({.issuer = kIssuer,
                                      .grant = grant,
                                      .user = user,
                                      .now = kNow,
                                      .expires_at = kNow + std::chrono::minutes(15)}));
}

std::string sign(const json& claims, std::string_view typ, Algorithm algorithm = Algorithm::RS256,
                 std::string_view kid = "rsa") {
  const auto& key = algorithm == Algorithm::ES256 ? ec() : rsa();
  return oidc::jose::sign_jws(key, algorithm, kid, typ, claims.dump()).value();
}

json without(json claims, const char* name) {
  claims.erase(name);
  return claims;
}
json with(json claims, const char* name, json value) {
  claims[name] = std::move(value);
  return claims;
}

bool accepted(const std::string& token, oidc::TimePoint now = kNow) {
  const auto verified = verify_access_token(token, keys(), kIssuer, now);
  if (!verified) CHECK(verified.error().code == OAuthErrorCode::invalid_token);
  return verified.has_value();
}

bool hint_accepted(const std::string& token) {
  const auto verified = verify_id_token_hint(token, keys(), kIssuer);
  if (!verified) CHECK(verified.error().code == OAuthErrorCode::invalid_request);
  return verified.has_value();
}

}  // namespace

TEST_CASE("Access token: a good one says what it is for") {
  const auto token = verify_access_token(sign(access_claims(), "at+jwt"), keys(), kIssuer, kNow);
  REQUIRE(token);
  CHECK(token->jti == "j");
  CHECK(token->subject == "u-alice");
  CHECK(token->client_id == "web");
  CHECK(token->scope == "openid email");
  CHECK(token->audience == std::vector{std::string(kIssuer)});
  CHECK(token->grant_id == 77);
  CHECK(oidc::to_seconds(token->issued_at) == oidc::to_seconds(kNow));
  CHECK(oidc::to_seconds(token->expires_at) == oidc::to_seconds(kNow) + 900);
}

TEST_CASE("Access token: other kinds do not pass for one") {
  CHECK_FALSE(accepted(sign(id_claims(), "JWT")));
  // Not even with all its claims.
  for (std::string_view typ : {"JWT", "", "at+JWT", "application/at+jwt", "logout+jwt", "at"}) {
    CAPTURE(std::string(typ));
    CHECK_FALSE(accepted(sign(access_claims(), typ)));
  }
  for (const char* text : {"", "a.b.c", "..", "lkr_AAAA", "eyJhbGciOiJub25lIn0.e30."}) {
    CHECK_FALSE(accepted(text));
  }
}

TEST_CASE("Access token: claims that are missing or wrong") {
  CHECK(accepted(sign(access_claims(), "at+jwt")));
  for (const char* name : {"iss", "exp", "iat", "grant"}) {
    CAPTURE(name);
    CHECK_FALSE(accepted(sign(without(access_claims(), name), "at+jwt")));
  }
  CHECK_FALSE(accepted(sign(with(access_claims(), "iss", "https://id.test/"), "at+jwt")));
  CHECK_FALSE(accepted(sign(with(access_claims(), "iss", "https://other.test"), "at+jwt")));
  CHECK_FALSE(accepted(sign(with(access_claims(), "iss", json::array({kIssuer})), "at+jwt")));
  CHECK_FALSE(accepted(sign(with(access_claims(), "exp", "9999999999"), "at+jwt")));
  CHECK_FALSE(accepted(sign(with(access_claims(), "exp", 1e10), "at+jwt")));
  CHECK_FALSE(accepted(sign(with(access_claims(), "exp", -1), "at+jwt")));
  CHECK_FALSE(accepted(sign(with(access_claims(), "exp", 18'446'744'073'709'551'615u), "at+jwt")));
  CHECK_FALSE(accepted(sign(with(access_claims(), "grant", "77"), "at+jwt")));
}

TEST_CASE("Access token: its end") {
  const auto token = sign(access_claims(), "at+jwt");
  const auto end = oidc::from_millis((oidc::to_seconds(kNow) + 900) * 1000);
  CHECK(accepted(token, end - std::chrono::milliseconds(1)));
  CHECK_FALSE(accepted(token, end));
}

TEST_CASE("Access token: key, algorithm and signature") {
  CHECK(accepted(sign(access_claims(), "at+jwt", Algorithm::ES256, "ec")));
  CHECK_FALSE(accepted(sign(access_claims(), "at+jwt", Algorithm::RS256, "unknown")));
  CHECK_FALSE(accepted(sign(access_claims(), "at+jwt", Algorithm::RS256, "../../etc/passwd")));
  CHECK_FALSE(accepted(sign(access_claims(), "at+jwt", Algorithm::RS256, "' OR 1=1--")));
  CHECK_FALSE(accepted(sign(access_claims(), "at+jwt", Algorithm::RS256, "ec")));
  CHECK_FALSE(accepted(sign(access_claims(), "at+jwt", Algorithm::PS256, "rsa")));

  const auto payload = oidc::base64url_encode(access_claims().dump());
  const auto unsigned_token = [&](std::string_view header) {
    return oidc::base64url_encode(header) + "." + payload + ".";
  };
  for (std::string_view header :
       {R"({"alg":"none","typ":"at+jwt"})", R"({"alg":"None","typ":"at+jwt","kid":"rsa"})",
        R"({"alg":"nOnE","typ":"at+jwt","kid":"rsa"})", R"({"alg":"","typ":"at+jwt"})"}) {
    CHECK_FALSE(accepted(unsigned_token(header)));
  }
  // HS256 under the public key.
  const std::string input =
      oidc::base64url_encode(R"({"alg":"HS256","typ":"at+jwt","kid":"rsa"})") + "." + payload;
  const auto modulus = rsa().public_key().components().n;
  CHECK_FALSE(
      accepted(input + "." + oidc::base64url_encode(oidc::crypto::hmac_sha256(modulus, input))));

  auto altered = sign(access_claims(), "at+jwt");
  altered[altered.size() - 10] = altered[altered.size() - 10] == 'A' ? 'B' : 'A';
  CHECK_FALSE(accepted(altered));
  CHECK_FALSE(verify_access_token(sign(access_claims(), "at+jwt"), {}, kIssuer, kNow));
}

TEST_CASE("Access token: nothing of a refused token is said to the caller") {
  const auto refused = verify_access_token(
      sign(with(access_claims(), "iss", "https://secret.test"), "at+jwt"), keys(), kIssuer, kNow);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().description.find("secret") == std::string::npos);
  CHECK(refused.error().detail.find("secret") == std::string::npos);
}

TEST_CASE("id_token_hint: ours, even when it has expired") {
  auto claims = id_claims();
  claims["exp"] = 1;
  const auto hint = verify_id_token_hint(sign(claims, "JWT"), keys(), kIssuer);
  REQUIRE(hint);
  CHECK(hint->subject == "u-alice");
  CHECK(hint->client_id == "web");
  CHECK(hint->sid == "sid-1");
  CHECK(hint_accepted(sign(id_claims(), "JWT", Algorithm::ES256, "ec")));
}

TEST_CASE("id_token_hint: everything else is refused") {
  CHECK_FALSE(hint_accepted(""));
  CHECK_FALSE(hint_accepted("x.y.z"));
  CHECK_FALSE(hint_accepted(sign(access_claims(), "at+jwt")));
  CHECK_FALSE(hint_accepted(sign(id_claims(), "")));
  CHECK_FALSE(hint_accepted(sign(id_claims(), "logout+jwt")));
  CHECK_FALSE(hint_accepted(sign(with(id_claims(), "iss", "https://other.test"), "JWT")));
  CHECK_FALSE(hint_accepted(sign(without(id_claims(), "sub"), "JWT")));
  CHECK_FALSE(hint_accepted(sign(without(id_claims(), "aud"), "JWT")));
  CHECK_FALSE(hint_accepted(sign(with(id_claims(), "aud", {"web", "evil"}), "JWT")));
  CHECK_FALSE(hint_accepted(sign(id_claims(), "JWT", Algorithm::RS256, "unknown")));
}

TEST_CASE("userinfo: sub, and what the scope asks for and the person has") {
  const auto user = samples::alice();
  const auto grant = samples::grant_of(samples::web());
  const auto claims = [&](const char* scope) {
    return json::parse(userinfo_claims(user, grant, scope));
  };
  CHECK(claims("openid") == json{{"sub", "u-alice"}});
  CHECK(claims("") == json{{"sub", "u-alice"}});
  CHECK(claims("openid email") ==
        json{{"sub", "u-alice"}, {"email", "Alice@example.com"}, {"email_verified", true}});
  CHECK(claims("openid phone") == json{{"sub", "u-alice"},
                                       {"phone_number", "+49 30 5550100"},
                                       {"phone_number_verified", true}});
  CHECK(claims("openid address") ==
        json{{"sub", "u-alice"}, {"address", {{"formatted", "1 Street"}}}});
  CHECK(claims("openid profile") == json{{"sub", "u-alice"},
                                         {"name", "Alice Example"},
                                         {"given_name", "Alice"},
                                         {"updated_at", oidc::to_seconds(user.updated_at)}});
  CHECK(claims("openid offline_access profil Email") == json{{"sub", "u-alice"}});
}

TEST_CASE("userinfo: stored claims never replace those that have their own place") {
  const auto grant = samples::grant_of(samples::web());
  auto user = samples::alice();
  user.claims = R"({"sub":"u-admin","email":"evil@x.test","email_verified":true,"updated_at":1,)"
                R"("role":"admin","name":"A"})";
  user.emails.front().verified = false;
  const auto claims = json::parse(userinfo_claims(user, grant, "openid profile email"));
  CHECK(claims["sub"] == "u-alice");
  CHECK(claims["email"] == "Alice@example.com");
  CHECK(claims["email_verified"] == false);
  CHECK(claims["updated_at"] == oidc::to_seconds(user.updated_at));
  CHECK_FALSE(claims.contains("role"));
  user.emails.clear();
  CHECK_FALSE(json::parse(userinfo_claims(user, grant, "email")).contains("email"));
  user.claims = "no JSON";
  CHECK(json::parse(userinfo_claims(user, grant, "openid")) == json{{"sub", "u-alice"}});
}

TEST_CASE("shared_items: one line for each thing that consent would show") {
  const auto items = shared_items(samples::alice(), "openid profile email address phone", {});
  REQUIRE(items.size() == 4);
  CHECK(items[0].value == "Alice Example");
  CHECK(items[1].value == "Alice@example.com");
  CHECK(items[2].value == "1 Street");
  CHECK(items[3].value == "+49 30 5550100");
  CHECK(shared_items(samples::alice(), "openid offline_access", {}).empty());
  for (const auto& item : items) CHECK_FALSE(item.title.empty());
  // What the person does not have is named all the same: it is allowed for the day it is there.
  for (const auto& item : shared_items({}, "profile email address phone", {})) {
    CHECK(item.value == "nothing stored yet");
  }
}

TEST_CASE("check_claims: standard claims by their types (Core §5.1)") {
  const auto checked = check_claims(R"({"name":"A","birthdate":"0000-12-31",)"
                                    R"("address":{"country":"DE"},"phone_number_verified":false})");
  REQUIRE(checked);
  CHECK(json::parse(*checked)["birthdate"] == "0000-12-31");
  CHECK(check_claims("{}") == "{}");
  CHECK(check_claims(R"({"birthdate":"1970"})"));
  for (std::string_view text : {R"({"sub":"x"})",
                                R"({"email":"a@b"})",
                                R"({"email_verified":true})",
                                R"({"updated_at":1})",
                                R"({"role":"admin"})",
                                R"({"iss":"x"})",
                                R"({"":"x"})",
                                R"({"name":""})",
                                R"({"name":1})",
                                R"({"name":null})",
                                R"({"name":["A"]})",
                                R"({"phone_number_verified":"true"})",
                                R"({"phone_number_verified":1})",
                                R"({"birthdate":"1.2.1970"})",
                                R"({"birthdate":"1970-1-2"})",
                                R"({"birthdate":"19700102"})",
                                R"({"birthdate":"197x-01-02"})",
                                R"({"address":"1 Street"})",
                                R"({"address":{}})",
                                R"({"address":{"planet":"Mars"}})",
                                R"({"address":{"country":1}})",
                                R"({"address":{"country":{"x":{"y":1}}}})",
                                R"({"name":"A","name":"B"})",
                                R"([])",
                                R"(1)",
                                "",
                                "{",
                                R"({"name":"A"} x)",
                                "{\"name\":\"\xff\"}"}) {
    CAPTURE(std::string(text));
    const auto refused = check_claims(text);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == OAuthErrorCode::invalid_request);
  }
  CHECK(check_claims("{\"name\":\"" + std::string(1024, 'n') + "\"}"));
  CHECK_FALSE(check_claims("{\"name\":\"" + std::string(1025, 'n') + "\"}"));
  CHECK_FALSE(check_claims("{\"name\":\"A\"" + std::string(17 * 1024, ' ') + "}"));
}

TEST_CASE("check_claims: a strange name is repeated in plain ASCII and cut") {
  const auto refused = check_claims("{\"\\\"\\u00e4" + std::string(500, 'x') + "\":\"v\"}");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().description.size() < 200);
  for (unsigned char c : refused.error().description) {
    CHECK((c >= 0x20 && c < 0x7f && c != '"' && c != '\\'));
  }
}

TEST_CASE("The claims parameter: single claims, where they were asked for (Core §5.5)") {
  const auto user = samples::alice();
  auto grant = samples::grant_of(samples::web(), "openid");
  const auto wishes = oidc::request::parse_claims_parameter(
      R"({"userinfo":{"name":{"essential":true},"email":null,"unknown":null},)"
      R"("id_token":{"phone_number":null,"sub":{"value":"u-alice"}},"other":1})");
  REQUIRE(wishes);
  CHECK(oidc::request::requested_subject(*wishes) == "u-alice");
  grant.claims = oidc::request::claims_to_keep(*wishes);
  CHECK(json::parse(userinfo_claims(user, grant, "openid")) ==
        json{{"sub", "u-alice"}, {"name", "Alice Example"}, {"email", "Alice@example.com"}});
  const auto id_token = json::parse(id_token_claims(
      {.issuer = kIssuer, .grant = grant, .user = user, .now = kNow, .expires_at = kNow}));
  CHECK(id_token["phone_number"] == "+49 30 5550100");
  CHECK(id_token["sub"] == "u-alice");
  CHECK_FALSE(id_token.contains("name"));
  CHECK(single_claims("openid", *wishes) ==
        std::vector<std::string>{"email", "name", "phone_number"});
  CHECK(single_claims("openid email profile", *wishes) == std::vector<std::string>{"phone_number"});
  CHECK(shared_items(user, "openid", *wishes).size() == 3);
  for (const char* bad :
       {"[]", "1", "{", R"({"userinfo":1})", R"({"userinfo":{"name":1}})",
        R"({"id_token":{"acr":{"essential":"yes"}}})", R"({"id_token":{"acr":{"values":"x"}}})"}) {
    CAPTURE(bad);
    CHECK_FALSE(oidc::request::parse_claims_parameter(bad));
  }
}

TEST_CASE("With no access token beside it the ID token holds the claims of the scope (Core §5.4)") {
  const auto user = samples::alice();
  const auto grant = samples::grant_of(samples::web(), "openid email");
  const auto claims = json::parse(id_token_claims({.issuer = kIssuer,
                                                   .grant = grant,
                                                   .user = user,
                                                   .scope_of_claims = "openid email",
                                                   .now = kNow,
                                                   .expires_at = kNow}));
  CHECK(claims["email"] == "Alice@example.com");
  CHECK_FALSE(claims.contains("name"));
}

TEST_CASE("UserInfo as a JWT does not pass as an ID token") {
  const auto grant = samples::grant_of(samples::web());
  const auto plain = userinfo_claims(samples::alice(), grant, "openid email");
  const auto claims = json::parse(signed_userinfo_claims(plain, kIssuer, "web", kNow));
  CHECK(claims["iss"] == kIssuer);
  CHECK(claims["aud"] == "web");
  CHECK_FALSE(claims.contains("nonce"));
  CHECK_FALSE(hint_accepted(sign(claims, "JWT")));
}

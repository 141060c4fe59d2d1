// Client assertions (RFC 7523 §3): every claim, and what must not be taken for one.
#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/client_auth/client_auth.h"
#include "oidc/crypto/digest.h"
#include "oidc/jose/jws.h"
#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::client_auth;
using nlohmann::json;
using oidc::ClientSecret;
using oidc::OAuthErrorCode;
using oidc::crypto::KeyType;
using oidc::crypto::PrivateKey;
using oidc::jose::Algorithm;
using oidc::jose::Jwk;
using oidc::model::Client;
using oidc::model::ClientAuthMethod;
using samples::kIssuer;
using samples::kNow;

namespace {

const PrivateKey& key() {
  static const PrivateKey made = PrivateKey::generate(KeyType::ec_p256);
  return made;
}
std::vector<Jwk> keys() {
  return {{"", std::nullopt, "sig", key().public_key()}};
}

Client signer_client(ClientAuthMethod method = ClientAuthMethod::private_key_jwt) {
  auto client = samples::web();
  client.client_secret_digest.clear();
  client.token_endpoint_auth_method = method;
  return client;
}

json good_claims() {
  const auto now = oidc::to_seconds(kNow);
  return {{"iss", "web"}, {"sub", "web"}, {"aud", kIssuer},
          {"jti", "j-1"}, {"iat", now},   {"exp", now + 60}};
}

std::string sign(const json& claims, std::string_view typ = "JWT") {
  return oidc::jose::sign_jws(key(), Algorithm::ES256, "", typ, claims.dump()).value();
}

std::string with_hmac(std::string_view secret, const json& claims) {
  const auto input =
      oidc::base64url_encode(R"({"alg":"HS256"})") + "." + oidc::base64url_encode(claims.dump());
  return input + "." + oidc::base64url_encode(oidc::crypto::hmac_sha256(secret, input));
}

oidc::Form form_of(const std::string& assertion) {
  oidc::Form form;
  form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  form.set("client_assertion", assertion);
  return form;
}

// As the server does it, but for replay.
oidc::Result<CheckedAssertion> run(const std::string& assertion, const Client* client,
                                   const std::string& secret = "") {
  const auto credentials = parse_client_credentials(std::nullopt, form_of(assertion));
  if (!credentials) return std::unexpected(credentials.error());
  auto checked = check_assertion(*credentials, client, kIssuer, kNow);
  if (!checked) return checked;
  const auto verified = verify_assertion(*credentials, *client, keys(), ClientSecret(secret));
  if (!verified) return std::unexpected(verified.error());
  return checked;
}

bool accepted(const std::string& assertion, const Client& client = signer_client()) {
  const auto outcome = run(assertion, &client);
  if (!outcome) CHECK(outcome.error().code == OAuthErrorCode::invalid_client);
  return outcome.has_value();
}

bool accepted_with(const char* name, const json& value) {
  auto claims = good_claims();
  claims[name] = value;
  return accepted(sign(claims));
}

}  // namespace

TEST_CASE("Client assertion: private_key_jwt") {
  const auto client = signer_client();
  const auto outcome = run(sign(good_claims()), &client);
  REQUIRE(outcome);
  CHECK(outcome->jti == "j-1");
  CHECK(outcome->kid.empty());
  // Not forgotten before it could no longer be accepted.
  CHECK(outcome->remember_until > kNow + std::chrono::seconds(120));
  CHECK(accepted_with("aud", "https://id.test/token"));
  for (const char* typ : {"", "jwt", "client-authentication+jwt"}) {
    CHECK(accepted(sign(good_claims(), typ)));
  }
  for (const char* typ : {"at+jwt", "oauth-authz-req+jwt", "logout+jwt", "dpop+jwt"}) {
    CHECK_FALSE(accepted(sign(good_claims(), typ)));
  }
}

TEST_CASE("Client assertion: client_secret_jwt") {
  const auto client = signer_client(ClientAuthMethod::client_secret_jwt);
  const auto text = with_hmac("shared-secret", good_claims());
  CHECK(run(text, &client, "shared-secret"));
  CHECK_FALSE(run(text, &client, "another-secret"));
  CHECK_FALSE(run(text, &client, ""));
  CHECK_FALSE(run(with_hmac("", good_claims()), &client, ""));
  // The method is the registered one, whatever the header says.
  const auto asymmetric = signer_client();
  CHECK_FALSE(run(text, &asymmetric, "shared-secret"));
  CHECK_FALSE(run(sign(good_claims()), &client, "shared-secret"));
  auto other = client;
  other.token_endpoint_auth_signing_alg = "HS512";
  CHECK_FALSE(run(text, &other, "shared-secret"));
  other.token_endpoint_auth_signing_alg = "HS256";
  CHECK(run(text, &other, "shared-secret"));
}

TEST_CASE("Client assertion: the claims that must be there (CA-14, RFC 7523 section 3)") {
  for (const char* name : {"iss", "sub", "aud", "exp", "jti"}) {
    CAPTURE(name);
    auto claims = good_claims();
    claims.erase(name);
    CHECK_FALSE(accepted(sign(claims)));
    CHECK_FALSE(accepted_with(name, ""));
    CHECK_FALSE(accepted_with(name, 7));
    CHECK_FALSE(accepted_with(name, nullptr));
  }
  auto claims = good_claims();
  claims.erase("iat");
  CHECK(accepted(sign(claims)));
  CHECK_FALSE(accepted_with("iss", "spa"));
  for (const json& aud :
       {json("https://id.test/"), json("https://id.test/par"), json("https://other.test/token"),
        json("https://id.test.evil.test"), json("HTTPS://ID.TEST"), json::array({kIssuer}),
        json::array({kIssuer, "https://other.test"}), json::array(), json::object()}) {
    CAPTURE(aud.dump());
    CHECK_FALSE(accepted_with("aud", aud));
  }
  CHECK(accepted_with("jti", std::string(255, 'j')));
  CHECK_FALSE(accepted_with("jti", std::string(256, 'j')));
}

TEST_CASE("Client assertion: times") {
  const auto now = oidc::to_seconds(kNow);
  CHECK(accepted_with("exp", now + 600));
  CHECK_FALSE(accepted_with("exp", now + 700));
  CHECK_FALSE(accepted_with("exp", now - 300));
  CHECK(accepted_with("nbf", now + 8));
  CHECK_FALSE(accepted_with("nbf", now + 70));
  CHECK_FALSE(accepted_with("iat", now + 70));
}

TEST_CASE("Client assertion: the registered algorithm alone") {
  auto client = signer_client();
  client.token_endpoint_auth_signing_alg = "ES256";
  CHECK(accepted(sign(good_claims()), client));
  for (const char* other : {"RS256", "HS256", "none", "ES384"}) {
    client.token_endpoint_auth_signing_alg = other;
    CHECK_FALSE(accepted(sign(good_claims()), client));
  }
}

TEST_CASE("Client assertion: for clients of every other method it is refused") {
  for (const auto method :
       {ClientAuthMethod::none, ClientAuthMethod::client_secret_basic,
        ClientAuthMethod::client_secret_post, ClientAuthMethod::client_secret_jwt}) {
    CHECK_FALSE(accepted(sign(good_claims()), signer_client(method)));
  }
  // And an assertion is nothing to those who check secrets.
  const auto credentials = parse_client_credentials(std::nullopt, form_of(sign(good_claims())));
  REQUIRE(credentials);
  const auto client = signer_client();
  CHECK_FALSE(authenticate(*credentials, &client));
  const auto secret_client = samples::web();
  CHECK_FALSE(authenticate(
      {ClientAuthMethod::private_key_jwt, "web", ClientSecret(std::string(samples::kSecret))},
      &secret_client));
}

TEST_CASE("Client assertion: an unknown client and a wrong signature read alike") {
  const auto client = signer_client();
  auto forged = sign(good_claims());
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  const auto wrong = run(forged, &client);
  const auto unknown = run(sign(good_claims()), nullptr);
  REQUIRE_FALSE(wrong);
  REQUIRE_FALSE(unknown);
  CHECK(wrong.error().code == unknown.error().code);
  CHECK(wrong.error().description == unknown.error().description);
}

TEST_CASE("Client assertion: the parameters around it") {
  const auto refusal = [](const oidc::Form& form) {
    const auto parsed = parse_client_credentials(std::nullopt, form);
    REQUIRE_FALSE(parsed);
    return parsed.error().code;
  };
  auto form = form_of(sign(good_claims()));
  form.set("client_id", "web");
  CHECK(parse_client_credentials(std::nullopt, form)->client_id == "web");
  form.set("client_id", "spa");
  CHECK(refusal(form) == OAuthErrorCode::invalid_client);
  form = form_of(sign(good_claims()));
  form.erase("client_assertion_type");
  CHECK(refusal(form) == OAuthErrorCode::invalid_client);
  form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer");
  CHECK(refusal(form) == OAuthErrorCode::invalid_client);
  for (const char* text :
       {"", "x", "a.b.c", "e30.e30.", "e30.e30.AA", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ3ZWIifQ."}) {
    CAPTURE(text);
    CHECK(refusal(form_of(text)) == OAuthErrorCode::invalid_client);
  }
  CHECK(refusal(form_of(std::string(17'000, 'x'))) == OAuthErrorCode::invalid_client);
}

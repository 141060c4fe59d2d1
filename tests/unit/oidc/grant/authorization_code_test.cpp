#include "oidc/grant/authorization_code.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::grant;
using oidc::OAuthErrorCode;
using samples::form;
using samples::kNow;

namespace {

oidc::model::AuthorizationCode code_of(const oidc::model::Client& client, bool pkce) {
  oidc::model::AuthorizationCode code;
  code.client_id = client.client_id;
  code.redirect_uri = "https://rp.test/cb";
  if (pkce) code.code_challenge = samples::kChallenge;
  code.expires_at = kNow + std::chrono::seconds(60);
  return code;
}

CodeRequest good(bool pkce) {
  return {"c", "https://rp.test/cb", pkce ? std::string(samples::kVerifier) : ""};
}

}  // namespace

TEST_CASE("Code request: parameters") {
  const auto parsed =
      parse_code_request(form("code=c&redirect_uri=https%3A%2F%2Frp.test%2Fcb&code_verifier=" +
                              std::string(samples::kVerifier)));
  REQUIRE(parsed);
  CHECK(parsed->code == "c");
  CHECK(parsed->redirect_uri == "https://rp.test/cb");
  CHECK(parsed->code_verifier == samples::kVerifier);
  CHECK(parse_code_request(form("code=c"))->code_verifier.empty());
  for (const char* text : {"", "code=", "redirect_uri=x"}) {
    CHECK(parse_code_request(form(text)).error().code == OAuthErrorCode::invalid_request);
  }
}

TEST_CASE("Code request: a verifier is 43 to 128 unreserved characters (RFC 7636 §4.1)") {
  const auto accepted = [](const std::string& verifier) {
    oidc::Form body = form("code=c");
    body.set("code_verifier", verifier);
    return parse_code_request(body).has_value();
  };
  CHECK(accepted(std::string(43, 'a')));
  CHECK(accepted(std::string(128, '~')));
  CHECK(accepted("-._~" + std::string(40, 'Z')));
  CHECK_FALSE(accepted(std::string(42, 'a')));
  CHECK_FALSE(accepted(std::string(129, 'a')));
  for (const char c : {'+', '/', '=', ' ', '%', '\n', '"'}) {
    CHECK_FALSE(accepted(std::string(43, 'a') + c));
  }
}

TEST_CASE("check_code: what fits is redeemed") {
  const auto web = samples::web();
  CHECK(check_code(code_of(web, false), web, good(false), kNow) == CodeVerdict::redeem);
  CHECK(check_code(code_of(web, true), web, good(true), kNow) == CodeVerdict::redeem);
  CHECK(check_code(code_of(web, true), web, good(true), kNow + std::chrono::milliseconds(59'999)) ==
        CodeVerdict::redeem);
}

TEST_CASE("check_code: strangers get invalid_grant, used code or not, and burn nothing") {
  const auto web = samples::web();
  struct Row {
    const char* name;
    bool pkce;
    oidc::model::Client client;
    CodeRequest request;
  };
  const std::string other(43, 'x');
  const Row rows[] = {
      {"another confidential client", true,
       [] {
         auto c = samples::web();
         c.client_id = "evil";
         return c;
       }(),
       good(true)},
      {"a public client", true, samples::spa(), good(true)},
      {"client_id in another case", true,
       [] {
         auto c = samples::web();
         c.client_id = "Web";
         return c;
       }(),
       good(true)},
      {"no redirect_uri", true, web, {"c", "", std::string(samples::kVerifier)}},
      {"another redirect_uri",
       true,
       web,
       {"c", "https://rp.test/x", std::string(samples::kVerifier)}},
      {"redirect_uri in another case",
       true,
       web,
       {"c", "https://rp.test/CB", std::string(samples::kVerifier)}},
      {"redirect_uri with a slash more",
       true,
       web,
       {"c", "https://rp.test/cb/", std::string(samples::kVerifier)}},
      {"PKCE downgrade A: no verifier", true, web, good(false)},
      {"a wrong verifier", true, web, {"c", "https://rp.test/cb", other}},
      {"the challenge as verifier",
       true,
       web,
       {"c", "https://rp.test/cb", std::string(samples::kChallenge)}},
      {"PKCE downgrade B: a verifier without a challenge", false, web, good(true)},
  };
  for (const auto& row : rows) {
    for (const bool used : {false, true}) {
      CAPTURE(row.name, used);
      auto code = code_of(web, row.pkce);
      if (used) code.used_at = kNow - std::chrono::seconds(1);
      const auto verdict = check_code(code, row.client, row.request, kNow);
      REQUIRE_FALSE(verdict);
      CHECK(verdict.error().code == OAuthErrorCode::invalid_grant);
      CHECK_FALSE(verdict.error().detail.empty());
    }
  }
}

TEST_CASE("check_code: the answer does not tell which check failed") {
  const auto web = samples::web();
  const auto first = check_code(code_of(web, true), samples::spa(), good(true), kNow);
  const auto second = check_code(code_of(web, true), web, good(false), kNow);
  CHECK(first.error().description == second.error().description);
}

TEST_CASE("check_code: a replay that fits is told from a stranger, even after the code's end") {
  const auto web = samples::web();
  auto code = code_of(web, true);
  code.used_at = kNow;
  CHECK(check_code(code, web, good(true), kNow) == CodeVerdict::replay);
  CHECK(check_code(code, web, good(true), kNow + std::chrono::hours(1)) == CodeVerdict::replay);
}

TEST_CASE("check_code: expired") {
  const auto web = samples::web();
  const auto code = code_of(web, true);
  const auto verdict = check_code(code, web, good(true), code.expires_at);
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error().code == OAuthErrorCode::invalid_grant);
}

#include "oidc/response/authorization_response.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::response;
using oidc::OAuthErrorCode;
using oidc::request::ValidatedRedirectUri;

namespace {

ValidatedRedirectUri to(const std::string& uri) {
  auto client = samples::web();
  client.redirect_uris = {{uri, std::nullopt}};
  return oidc::request::validate_redirect_uri(client, uri, samples::kNow).value();
}

oidc::Form query_of(const std::string& location) {
  return samples::form(std::string_view(location).substr(location.find('?') + 1));
}

}  // namespace

TEST_CASE("Authorization response: code, state and iss (RFC 6749 §4.1.2, RFC 9207 §2)") {
  CHECK(code_location(to("https://rp.test/cb"), "c-1", "s 1", samples::kIssuer) ==
        "https://rp.test/cb?code=c-1&state=s%201&iss=https%3A%2F%2Fid.test");
  CHECK(code_location(to("https://rp.test/cb"), "c-1", "", samples::kIssuer) ==
        "https://rp.test/cb?code=c-1&iss=https%3A%2F%2Fid.test");
}

TEST_CASE("Authorization response: a registered query is kept") {
  CHECK(code_location(to("https://rp.test/cb?t=1"), "c", "s", "https://id.test") ==
        "https://rp.test/cb?t=1&code=c&state=s&iss=https%3A%2F%2Fid.test");
  CHECK(code_location(to("com.ex.app:/cb"), "c", "", "https://id.test")
            .starts_with("com.ex.app:/cb?code=c&"));
}

TEST_CASE("Authorization response: nothing breaks out of the query") {
  for (const std::string state :
       {"a\r\nSet-Cookie: x=1", "\"><script>alert(1)</script>", "a&code=evil&iss=https://evil.test",
        "a#b", "\xc3\xa4\xe2\x82\xac", "%0d%0a", "a+b c", "\x7f\x01"}) {
    CAPTURE(state);
    const auto location = code_location(to("https://rp.test/cb"), "c", state, samples::kIssuer);
    for (unsigned char c : location) {
      CHECK((c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '#' && c != '\\'));
    }
    const auto query = query_of(location);
    CHECK(query.get("state") == state);
    CHECK(query.get("code") == "c");
    CHECK(query.get("iss") == samples::kIssuer);
    CHECK(query.entries().size() == 3);
  }
}

TEST_CASE("Authorization response: an error carries description, event id, state and iss") {
  const auto location = error_location(
      {to("https://rp.test/cb"), "st", {OAuthErrorCode::login_required, "Sign \"in\".", "secret"}},
      samples::kIssuer, "LK-1");
  const auto query = query_of(location);
  CHECK(query.get("error") == "login_required");
  CHECK(query.get("error_description") == "Sign ?in?. (LK-1)");
  CHECK(query.get("state") == "st");
  CHECK(query.get("iss") == samples::kIssuer);
  CHECK_FALSE(query.has("code"));
  CHECK(location.find("secret") == std::string::npos);
  const auto silent = error_location(
      {to("https://rp.test/cb"), "", {OAuthErrorCode::access_denied, "No."}}, samples::kIssuer, "");
  CHECK_FALSE(query_of(silent).has("state"));
}

TEST_CASE("Sign-out response: the address, and state when there is one") {
  CHECK(logout_location(to("https://rp.test/bye"), "") == "https://rp.test/bye");
  CHECK(logout_location(to("https://rp.test/bye"), "a b") == "https://rp.test/bye?state=a%20b");
  CHECK(logout_location(to("https://rp.test/bye?x=1"), "s") == "https://rp.test/bye?x=1&state=s");
}

#include "oidc/response/authorization_response.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::response;
using oidc::OAuthErrorCode;
using oidc::request::ResponseMode;
using oidc::request::ValidatedRedirectUri;

namespace {

ValidatedRedirectUri to(const std::string& uri) {
  auto client = samples::web();
  client.redirect_uris = {{uri, std::nullopt}};
  return oidc::request::validate_redirect_uri(client, uri, samples::kNow).value();
}

std::string code_location(const ValidatedRedirectUri& uri, const char* code, std::string state,
                          std::string_view issuer) {
  const oidc::request::AuthorizationRequest request{.redirect_uri = uri, .state = std::move(state)};
  return success(request, {.code = code}, issuer, samples::kNow).location;
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
  const auto location = failure({to("https://rp.test/cb"),
                                 "st",
                                 ResponseMode::query,
                                 {OAuthErrorCode::login_required, "Sign \"in\".", "secret"}},
                                samples::kIssuer, "LK-1")
                            .location;
  const auto query = query_of(location);
  CHECK(query.get("error") == "login_required");
  CHECK(query.get("error_description") == "Sign ?in?. (LK-1)");
  CHECK(query.get("state") == "st");
  CHECK(query.get("iss") == samples::kIssuer);
  CHECK_FALSE(query.has("code"));
  CHECK(location.find("secret") == std::string::npos);
  const auto silent = failure({to("https://rp.test/cb"),
                               "",
                               ResponseMode::query,
                               {OAuthErrorCode::access_denied, "No."}},
                              samples::kIssuer, "")
                          .location;
  CHECK_FALSE(query_of(silent).has("state"));
}

TEST_CASE("Sign-out response: the address, and state when there is one") {
  CHECK(logout_location(to("https://rp.test/bye"), "") == "https://rp.test/bye");
  CHECK(logout_location(to("https://rp.test/bye"), "a b") == "https://rp.test/bye?state=a%20b");
  CHECK(logout_location(to("https://rp.test/bye?x=1"), "s") == "https://rp.test/bye?x=1&state=s");
}

TEST_CASE("Authorization response: fragment and form_post") {
  oidc::request::AuthorizationRequest request{.redirect_uri = to("https://rp.test/cb?t=1"),
                                              .response_mode = ResponseMode::fragment,
                                              .state = "s"};
  const oidc::grant::IssuedTokens tokens{.access_token = "at",
                                         .id_token = "it",
                                         .scope = "openid",
                                         .expires_at = samples::kNow + std::chrono::seconds(900)};
  const Issued issued{.code = "c", .tokens = &tokens, .session_state = "x.y"};
  CHECK(success(request, issued, "https://id.test", samples::kNow).location ==
        "https://rp.test/cb?t=1#code=c&access_token=at&token_type=Bearer&expires_in=900&"
        "scope=openid&id_token=it&state=s&iss=https%3A%2F%2Fid.test&session_state=x.y");
  request.response_mode = ResponseMode::form_post;
  const auto posted = success(request, issued, "https://id.test", samples::kNow);
  CHECK(posted.location == "https://rp.test/cb?t=1");
  CHECK(posted.fields.get("code") == "c");
  CHECK(posted.fields.get("state") == "s");
}

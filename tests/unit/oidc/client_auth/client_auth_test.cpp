#include "oidc/client_auth/client_auth.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::client_auth;
using oidc::OAuthErrorCode;
using oidc::model::ClientAuthMethod;
using samples::form;

namespace {

// Written out, so that the test does not lean on the encoder of the program.
constexpr std::string_view kBasicWeb = "Basic d2ViOnMzY3JldC1vZi13ZWI=";      // web:s3cret-of-web
constexpr std::string_view kBasicEncoded = "Basic YSUzQWIlMjBjOiUyYiUyRitk";  // a%3Ab%20c:%2b%2F+d
constexpr std::string_view kBasicColons = "Basic d2ViOmE6Yjpj";               // web:a:b:c

OAuthErrorCode refusal(std::optional<std::string_view> header, std::string_view body) {
  const auto parsed = parse_client_credentials(header, form(body));
  REQUIRE_FALSE(parsed);
  return parsed.error().code;
}

ClientCredentials credentials(ClientAuthMethod method, std::string_view secret) {
  return {method, "web", oidc::ClientSecret(std::string(secret))};
}

}  // namespace

TEST_CASE("Client credentials: HTTP Basic") {
  const auto plain = parse_client_credentials(kBasicWeb, form("grant_type=x"));
  REQUIRE(plain);
  CHECK(plain->method == ClientAuthMethod::client_secret_basic);
  CHECK(plain->client_id == "web");
  CHECK(plain->secret.reveal() == "s3cret-of-web");
  // RFC 6749 §2.3.1: both halves are form-encoded.
  const auto encoded = parse_client_credentials(kBasicEncoded, form(""));
  REQUIRE(encoded);
  CHECK(encoded->client_id == "a:b c");
  CHECK(encoded->secret.reveal() == "+/ d");
  // The first colon parts them, so an unencoded secret may hold more.
  const auto colons = parse_client_credentials(kBasicColons, form(""));
  REQUIRE(colons);
  CHECK(colons->secret.reveal() == "a:b:c");
  // RFC 9110 §11.1: the name of the scheme has no case.
  CHECK(parse_client_credentials("bAsIc d2ViOnMzY3JldC1vZi13ZWI=", form("")));
  // The same client_id in the body is allowed, another is not.
  CHECK(parse_client_credentials(kBasicWeb, form("client_id=web")));
  CHECK(refusal(kBasicWeb, "client_id=spa") == OAuthErrorCode::invalid_request);
}

TEST_CASE("Client credentials: a broken Authorization header") {
  for (std::string_view header : {"", "Basic", "Basic ", "Bearer abc", "Digest x", "Basic ???",
                                  "Basic d2Vi",                     // web, no colon
                                  "Basic OnNlY3JldA==",             // :secret, no client_id
                                  "Basic d2ViOnMzY3JldC1vZi13ZWI",  // no padding
                                  "Basic JTp4",                     // %:x, a broken escape
                                  "Basic d2ViOiV6eg==",             // web:%zz
                                  "Basic /zp4",                     // 0xff:x, no UTF-8
                                  "Basic AGE6eA=="}) {              // NUL in the id
    CAPTURE(std::string(header));
    CHECK(refusal(header, "client_id=web") == OAuthErrorCode::invalid_client);
  }
  CHECK(refusal("Basic " + std::string(8000, 'A'), "") == OAuthErrorCode::invalid_client);
}

TEST_CASE("Client credentials: in the body") {
  const auto post =
      parse_client_credentials(std::nullopt, form("client_id=web&client_secret=a%2Bb"));
  REQUIRE(post);
  CHECK(post->method == ClientAuthMethod::client_secret_post);
  CHECK(post->secret.reveal() == "a+b");
  const auto none = parse_client_credentials(std::nullopt, form("client_id=spa"));
  REQUIRE(none);
  CHECK(none->method == ClientAuthMethod::none);
  CHECK(none->secret.empty());
  CHECK(refusal(std::nullopt, "") == OAuthErrorCode::invalid_client);
  CHECK(refusal(std::nullopt, "client_id=") == OAuthErrorCode::invalid_client);
  CHECK(refusal(std::nullopt, "client_secret=x") == OAuthErrorCode::invalid_client);
  CHECK(refusal(std::nullopt, "client_id=" + std::string(1025, 'x')) ==
        OAuthErrorCode::invalid_client);
  CHECK(refusal(std::nullopt, "client_id=web&client_secret=" + std::string(1025, 'x')) ==
        OAuthErrorCode::invalid_client);
}

TEST_CASE("Client credentials: two methods at once are an invalid request (RFC 6749 §2.3)") {
  CHECK(refusal(kBasicWeb, "client_secret=x") == OAuthErrorCode::invalid_request);
  CHECK(refusal(kBasicWeb, "client_id=web&client_secret=x") == OAuthErrorCode::invalid_request);
  CHECK(refusal(kBasicWeb, "client_assertion=x") == OAuthErrorCode::invalid_request);
  CHECK(refusal(std::nullopt, "client_id=web&client_secret=x&client_assertion=y") ==
        OAuthErrorCode::invalid_request);
  CHECK(refusal(kBasicWeb, "client_assertion_type=urn%3Ax") == OAuthErrorCode::invalid_request);
}

TEST_CASE("Client credentials: an assertion without a signature authenticates nobody") {
  CHECK(refusal(std::nullopt, "client_id=spa&client_assertion=eyJhbGciOiJub25lIn0.e30.") ==
        OAuthErrorCode::invalid_client);
  CHECK(refusal(std::nullopt, "client_id=spa&client_assertion_type=urn%3Ax") ==
        OAuthErrorCode::invalid_client);
}

TEST_CASE("Client authentication: the registered method and the right secret, nothing else") {
  const auto web = samples::web();
  auto post = samples::web();
  post.token_endpoint_auth_method = ClientAuthMethod::client_secret_post;
  const auto spa = samples::spa();
  auto no_secret = samples::web();
  no_secret.client_secret_digest.clear();

  struct Row {
    const char* name;
    const oidc::model::Client* client;
    ClientAuthMethod method;
    std::string_view secret;
    bool accepted;
  };
  const Row rows[] = {
      {"basic", &web, ClientAuthMethod::client_secret_basic, samples::kSecret, true},
      {"post", &post, ClientAuthMethod::client_secret_post, samples::kSecret, true},
      {"public", &spa, ClientAuthMethod::none, "", true},
      {"basic as post", &web, ClientAuthMethod::client_secret_post, samples::kSecret, false},
      {"post as basic", &post, ClientAuthMethod::client_secret_basic, samples::kSecret, false},
      {"confidential by name only", &web, ClientAuthMethod::none, "", false},
      {"public with a secret", &spa, ClientAuthMethod::client_secret_basic, "x", false},
      {"wrong secret", &web, ClientAuthMethod::client_secret_basic, "s3cret-of-weB", false},
      {"longer secret", &web, ClientAuthMethod::client_secret_basic, "s3cret-of-web ", false},
      {"empty secret", &web, ClientAuthMethod::client_secret_basic, "", false},
      {"no secret is stored", &no_secret, ClientAuthMethod::client_secret_basic, "", false},
      {"unknown client", nullptr, ClientAuthMethod::client_secret_basic, samples::kSecret, false},
      {"unknown public client", nullptr, ClientAuthMethod::none, "", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const auto outcome = authenticate(credentials(row.method, row.secret), row.client);
    CHECK(outcome.has_value() == row.accepted);
    if (!outcome) CHECK(outcome.error().code == OAuthErrorCode::invalid_client);
  }
}

TEST_CASE("Client authentication: an unknown client and a wrong secret read alike") {
  const auto web = samples::web();
  const auto wrong = authenticate(credentials(ClientAuthMethod::client_secret_basic, "x"), &web);
  const auto unknown =
      authenticate(credentials(ClientAuthMethod::client_secret_basic, "x"), nullptr);
  const auto method = authenticate(credentials(ClientAuthMethod::client_secret_post, "x"), &web);
  CHECK(wrong.error().description == unknown.error().description);
  CHECK(wrong.error().description == method.error().description);
}

TEST_CASE("Client authentication: the stored digest is no secret") {
  const auto web = samples::web();
  CHECK_FALSE(authenticate(
      credentials(ClientAuthMethod::client_secret_basic, web.client_secret_digest), &web));
  CHECK(web.client_secret_digest.size() == 43);
}

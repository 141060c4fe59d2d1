#include "oidc/metadata/client_metadata.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

using namespace oidc::metadata;
using nlohmann::json;
using oidc::OAuthErrorCode;
using oidc::model::ClientAuthMethod;

namespace {

OAuthErrorCode refusal(const json& metadata) {
  const auto client = parse_client_metadata(json::parse(metadata.dump()));
  REQUIRE_FALSE(client);
  CHECK_FALSE(client.error().description.empty());
  for (unsigned char c : client.error().description) {
    CHECK((c >= 0x20 && c < 0x7f && c != '"' && c != '\\'));
  }
  return client.error().code;
}

json minimal() {
  return {{"redirect_uris", {"https://rp.test/cb"}}};
}

json with(const char* name, json value) {
  json metadata = minimal();
  metadata[name] = std::move(value);
  return metadata;
}

}  // namespace

TEST_CASE("check_redirect_uri: accepted") {
  for (std::string_view uri :
       {"https://rp.test/cb", "https://rp.test", "https://rp.test/", "https://rp.test:8443/cb",
        "https://rp.test/cb?tenant=1", "HTTPS://rp.test/cb", "https://rp.test/a..b/c",
        "https://rp.test/..cb", "https://[2001:db8::1]/cb", "https://127.0.0.1/cb",
        "http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.9.9.9/cb", "http://[::1]/cb",
        "http://localhost/cb", "http://localhost:8080/cb", "com.ex.app:/cb", "com.ex.app://host/cb",
        "Com.Ex.App:/cb"}) {
    CAPTURE(std::string(uri));
    CHECK(check_redirect_uri(uri));
  }
}

TEST_CASE("check_redirect_uri: refused") {
  using namespace std::string_view_literals;
  for (std::string_view uri :
       {// no absolute URI
        ""sv, "/cb"sv, "//rp.test/cb"sv, "rp.test/cb"sv, "https:"sv, "https:/cb"sv, "https://"sv,
        "https:///cb"sv, "https://rp.test:0/cb"sv, "https://rp.test:65536/cb"sv,
        "https://rp.test:/cb"sv, "https://rp.test/c b"sv, "https://rp.test/cb\r\nX: y"sv,
        "https://rp.test/\"x"sv, "https://rp.test/<x>"sv, "https://rp.test\\@evil.test/cb"sv,
        "https://rp.test/\xc3\xa4"sv, "https://[::1/cb"sv, "https://rp.test/{x}"sv,
        "https://rp%2etest/cb"sv,
        // fragment
        "https://rp.test/cb#f"sv, "https://rp.test/cb#"sv, "com.ex.app:/cb#f"sv,
        // user name
        "https://rp.test@evil.test/cb"sv, "https://rp.test:x@evil.test"sv,
        "https://a@b@rp.test/cb"sv, "https://@rp.test/cb"sv, "http://u@127.0.0.1/cb"sv,
        "http://localhost:8090%25@evil.test"sv,
        // wildcard
        "https://*.rp.test/cb"sv, "https://rp.test/*"sv, "http://localhost:*"sv,
        "https://rp.test/cb?x=*"sv, "*"sv, "com.ex.app:/*"sv,
        // dot segments
        "https://rp.test/cb/../evil"sv, "https://rp.test/cb/.."sv, "https://rp.test/./cb"sv,
        "https://rp.test/cb/."sv, "https://rp.test/cb/..;/x"sv, "https://rp.test/.;x/cb"sv,
        // http elsewhere than on loopback
        "http://rp.test/cb"sv, "http://0.0.0.0/cb"sv, "http://127.0.0.1.evil.test/cb"sv,
        "http://127.1/cb"sv, "http://127.0.0.01/cb"sv, "http://0x7f.0.0.1/cb"sv,
        "http://2130706433/cb"sv, "http://[::ffff:127.0.0.1]/cb"sv, "http://localhost./cb"sv,
        "http://localhost.evil.test/cb"sv, "http://a.localhost/cb"sv, "HTTP://rp.test/cb"sv,
        "http:/cb"sv,
        // dangerous schemes, whatever their case and the space around them
        "javascript:alert(1)"sv, "JaVaScRiPt:alert(1)"sv, "data:text/html,x"sv, " data:x"sv,
        "\tjavascript:x"sv, "vbscript:x"sv, "VBScript:x"sv, "file:///etc/passwd"sv,
        "blob:https://rp.test/x"sv, "about:blank"sv, "view-source:https://rp.test"sv,
        "ftp://rp.test/cb"sv, "ws://rp.test/cb"sv, "myapp:/cb"sv, "urn:ietf:wg:oauth:2.0:oob"sv,
        "intent://x#Intent;end"sv}) {
    CAPTURE(std::string(uri));
    const auto checked = check_redirect_uri(uri);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == OAuthErrorCode::invalid_redirect_uri);
  }
}

TEST_CASE("check_redirect_uri: length") {
  const std::string base = "https://rp.test/";
  CHECK(check_redirect_uri(base + std::string(2048 - base.size(), 'x')));
  CHECK_FALSE(check_redirect_uri(base + std::string(2049 - base.size(), 'x')));
}

TEST_CASE("parse_client_metadata: the defaults of RFC 7591 §2") {
  const auto client = parse_client_metadata(minimal());
  REQUIRE(client);
  CHECK(client->client_id.empty());
  CHECK(client->client_secret_digest.empty());
  CHECK(client->token_endpoint_auth_method == ClientAuthMethod::client_secret_basic);
  CHECK(client->grant_types == std::vector<std::string>{"authorization_code"});
  CHECK(client->response_types == std::vector<std::string>{"code"});
  CHECK(client->application_type == oidc::model::ApplicationType::web);
  CHECK(client->id_token_signed_response_alg == "RS256");
  CHECK_FALSE(client->pkce_required);
  CHECK_FALSE(client->first_party);
}

TEST_CASE("parse_client_metadata: PKCE is required for public clients") {
  const auto client = parse_client_metadata(with("token_endpoint_auth_method", "none"));
  REQUIRE(client);
  CHECK(client->is_public());
  CHECK(client->pkce_required);
}

TEST_CASE("parse_client_metadata: fields that are the server's own are not read") {
  auto metadata = minimal();
  metadata.update({{"client_id", "mine"},
                   {"client_secret", "mine"},
                   {"client_secret_digest", "mine"},
                   {"first_party", true},
                   {"trusted", true},
                   {"skip_consent", true},
                   {"pkce_required", false},
                   {"org_id", "x"},
                   {"created_at", 1}});
  const auto client = parse_client_metadata(metadata);
  REQUIRE(client);
  CHECK(client->client_id.empty());
  CHECK(client->client_secret_digest.empty());
  CHECK_FALSE(client->first_party);
  CHECK(client->created_at == oidc::TimePoint{});
}

TEST_CASE("parse_client_metadata: a broken redirect URI has its own code") {
  CHECK(refusal({{"redirect_uris", {"https://rp.test/cb", "https://*.rp.test/cb"}}}) ==
        OAuthErrorCode::invalid_redirect_uri);
  CHECK(refusal({{"redirect_uris", {"JaVaScRiPt:alert(1)"}}}) ==
        OAuthErrorCode::invalid_redirect_uri);
  CHECK(refusal(json::object()) == OAuthErrorCode::invalid_redirect_uri);
  CHECK(refusal({{"redirect_uris", json::array()}}) == OAuthErrorCode::invalid_redirect_uri);
}

TEST_CASE("parse_client_metadata: each broken field is refused") {
  const json too_many(51, "https://rp.test/cb");
  const json rows[] = {
      {{"redirect_uris", "https://rp.test/cb"}},
      {{"redirect_uris", {1}}},
      {{"redirect_uris", too_many}},
      {{"redirect_uris", {std::string(2049, 'x')}}},
      with("post_logout_redirect_uris", {"https://rp.test/bye#f"}),
      with("post_logout_redirect_uris", {"javascript:x"}),
      with("client_name", 5),
      with("client_name", std::string(201, 'n')),
      with("client_name", "two\nlines"),
      with("client_name", "\x7f"),
      with("application_type", "desktop"),
      with("token_endpoint_auth_method", "client_secret_jwt"),
      with("token_endpoint_auth_method", "None"),
      with("token_endpoint_auth_method", json::array()),
      with("id_token_signed_response_alg", "none"),
      with("id_token_signed_response_alg", "HS256"),
      with("grant_types", {"authorization_code", "password"}),
      with("grant_types", {"client_credentials"}),
      with("grant_types", {"implicit"}),
      with("response_types", {"code", "token"}),
      with("response_types", {"id_token"}),
      with("scope", "openid admin"),
      with("scope", 1),
      with("client_uri", "javascript:alert(1)"),
      with("logo_uri", "DATA:image/png;base64,x"),
      with("policy_uri", "http://rp.test/policy"),
      with("tos_uri", "https://a@rp.test/tos"),
      with("tos_uri", "not a uri"),
      with("contacts", "a@b"),
      with("contacts", {1}),
      with("default_acr_values", "x"),
      with("default_max_age", -1),
      with("default_max_age", 1.5),
      with("default_max_age", "60"),
      with("default_max_age", 315'360'001),
      with("require_auth_time", "true"),
  };
  for (const auto& metadata : rows) {
    CAPTURE(metadata.dump());
    CHECK(refusal(metadata) == OAuthErrorCode::invalid_client_metadata);
  }
}

TEST_CASE("Client metadata: reading and writing are inverse") {
  const json metadata = {
      {"client_name", "Shop"},
      {"application_type", "native"},
      {"token_endpoint_auth_method", "client_secret_post"},
      {"redirect_uris", {"https://rp.test/cb", "com.ex.app:/cb"}},
      {"post_logout_redirect_uris", {"https://rp.test/bye"}},
      {"grant_types", {"authorization_code", "refresh_token"}},
      {"response_types", {"code"}},
      {"scope", "openid email"},
      {"id_token_signed_response_alg", "ES256"},
      {"client_uri", "https://rp.test"},
      {"logo_uri", "https://rp.test/logo.png"},
      {"policy_uri", "https://rp.test/policy"},
      {"tos_uri", "http://localhost/tos"},
      {"contacts", {"ops@rp.test"}},
      {"default_max_age", 600},
      {"require_auth_time", true},
      {"default_acr_values", {"urn:latchkey:acr:pwd"}},
  };
  // As text, as it comes: numbers made here are of another kind than numbers that were read.
  auto client = parse_client_metadata(json::parse(metadata.dump()));
  REQUIRE(client);
  client->client_id = "c1";
  client->client_secret_digest = "digest";
  auto written = to_json(*client);
  CHECK(written["client_id"] == "c1");
  written.erase("client_id");
  CHECK(written == metadata);
  CHECK(written.dump().find("digest") == std::string::npos);
}

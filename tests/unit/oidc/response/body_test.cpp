#include "oidc/response/body.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::response;
using nlohmann::json;
using oidc::OAuthErrorCode;
using samples::kNow;

TEST_CASE("Token response (RFC 6749 §5.1)") {
  oidc::grant::IssuedTokens tokens{"at", "it", "openid", kNow + std::chrono::minutes(15)};
  CHECK(json::parse(token_body(tokens, "rt", kNow)) == json{{"access_token", "at"},
                                                            {"token_type", "Bearer"},
                                                            {"expires_in", 900},
                                                            {"scope", "openid"},
                                                            {"id_token", "it"},
                                                            {"refresh_token", "rt"}});
  tokens.id_token.clear();
  const auto bare = json::parse(token_body(tokens, "", kNow + std::chrono::milliseconds(1)));
  CHECK_FALSE(bare.contains("id_token"));
  CHECK_FALSE(bare.contains("refresh_token"));
  // Never longer than the token lives.
  CHECK(bare["expires_in"] == 899);
}

TEST_CASE("Error response (RFC 6749 §5.2): ASCII without quotation mark and back-slash") {
  const oidc::OAuthError error{OAuthErrorCode::invalid_scope,
                               "What \"you\\ said\": \xc3\xa4\r\n\x01", "private: the detail"};
  const auto text = error_body(error, "LK-1");
  const auto body = json::parse(text);
  CHECK(body.size() == 2);
  CHECK(body["error"] == "invalid_scope");
  const auto description = body["error_description"].get<std::string>();
  CHECK(description.ends_with(" (LK-1)"));
  CHECK(description == public_description(error, "LK-1"));
  for (unsigned char c : description) CHECK((c >= 0x20 && c < 0x7f && c != '"' && c != '\\'));
  CHECK(text.find("private") == std::string::npos);
  CHECK(public_description({OAuthErrorCode::server_error, "Sorry."}, "") == "Sorry.");
}

TEST_CASE("Every error code is spelled as the specifications do") {
  const std::pair<OAuthErrorCode, const char*> rows[] = {
      {OAuthErrorCode::invalid_request, "invalid_request"},
      {OAuthErrorCode::invalid_client, "invalid_client"},
      {OAuthErrorCode::invalid_grant, "invalid_grant"},
      {OAuthErrorCode::unauthorized_client, "unauthorized_client"},
      {OAuthErrorCode::unsupported_grant_type, "unsupported_grant_type"},
      {OAuthErrorCode::unsupported_response_type, "unsupported_response_type"},
      {OAuthErrorCode::invalid_scope, "invalid_scope"},
      {OAuthErrorCode::access_denied, "access_denied"},
      {OAuthErrorCode::server_error, "server_error"},
      {OAuthErrorCode::temporarily_unavailable, "temporarily_unavailable"},
      {OAuthErrorCode::login_required, "login_required"},
      {OAuthErrorCode::interaction_required, "interaction_required"},
      {OAuthErrorCode::account_selection_required, "account_selection_required"},
      {OAuthErrorCode::consent_required, "consent_required"},
      {OAuthErrorCode::request_not_supported, "request_not_supported"},
      {OAuthErrorCode::request_uri_not_supported, "request_uri_not_supported"},
      {OAuthErrorCode::registration_not_supported, "registration_not_supported"},
      {OAuthErrorCode::invalid_token, "invalid_token"},
      {OAuthErrorCode::insufficient_scope, "insufficient_scope"},
  };
  for (const auto& [code, name] : rows) {
    CHECK(json::parse(error_body({code, "x"}, ""))["error"] == name);
  }
}

TEST_CASE("Introspection (RFC 7662 §2.2)") {
  CHECK(inactive_body() == R"({"active":false})");
  const oidc::token::AccessToken token{.jti = "j",
                                       .subject = "u-alice",
                                       .client_id = "web",
                                       .scope = "openid",
                                       .audience = {"https://id.test"},
                                       .grant_id = 77,
                                       .issued_at = kNow,
                                       .expires_at = kNow + std::chrono::seconds(60)};
  const json expected = {{"active", true},           {"scope", "openid"},
                         {"client_id", "web"},       {"token_type", "Bearer"},
                         {"exp", 1'800'000'060},     {"iat", 1'800'000'000},
                         {"sub", "u-alice"},         {"aud", "https://id.test"},
                         {"iss", "https://id.test"}, {"jti", "j"}};
  CHECK(json::parse(active_body(token, samples::kIssuer, "")) == expected);

  oidc::model::RefreshToken refresh;
  refresh.client_id = "web";
  refresh.scope = "openid";
  refresh.created_at = kNow;
  refresh.expires_at = kNow + std::chrono::seconds(60);
  refresh.stored.digest = "digest";
  const auto text =
      active_refresh_body(refresh, samples::grant_of(samples::web()), samples::kIssuer, "");
  CHECK(json::parse(text) == json{{"active", true},
                                  {"scope", "openid"},
                                  {"client_id", "web"},
                                  {"exp", 1'800'000'060},
                                  {"iat", 1'800'000'000},
                                  {"sub", "u-alice"},
                                  {"iss", "https://id.test"}});
  CHECK(text.find("digest") == std::string::npos);
}

#include "oidc/token/logout_token.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

using namespace oidc;
using nlohmann::json;

TEST_CASE("a logout token holds what the specification names, and nothing else", "[logout_token]") {
  token::LogoutTokenInput input{.issuer = "https://id.example.com",
                                .client_id = "app",
                                .jti = "j",
                                .subject = "alice",
                                .sid = "s",
                                .now = from_millis(1'800'000'000'999)};
  CHECK(
      json::parse(token::logout_token_claims(input)) ==
      json({{"iss", "https://id.example.com"},
            {"aud", "app"},
            {"iat", 1'800'000'000},
            {"exp", 1'800'000'120},
            {"jti", "j"},
            {"sub", "alice"},
            {"sid", "s"},
            {"events", {{"http://schemas.openid.net/event/backchannel-logout", json::object()}}}}));
  input.sid = "";
  CHECK_FALSE(json::parse(token::logout_token_claims(input)).contains("sid"));
  input.sid = "s";
  input.subject = "";
  CHECK_FALSE(json::parse(token::logout_token_claims(input)).contains("sub"));
}

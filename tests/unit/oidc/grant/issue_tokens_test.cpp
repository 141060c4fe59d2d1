#include "oidc/grant/issue_tokens.h"

#include <nlohmann/json.hpp>

#include "oidc/jose/algorithm.h"
#include "oidc/metadata/provider_metadata.h"
#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::grant;
using nlohmann::json;
using oidc::OAuthErrorCode;
using oidc::jose::Algorithm;
using samples::kNow;

namespace {

// Writes down what it is asked to sign; the "token" is algorithm|typ|payload.
struct FakeSigner {
  int calls = 0;
  int fail_at = 0;  // the call that fails; 0: none
  Signer get() {
    return [this](Algorithm algorithm, std::string_view typ,
                  std::string_view payload) -> std::optional<std::string> {
      if (++calls == fail_at) return std::nullopt;
      return std::string(to_string(algorithm)) + "|" + std::string(typ) + "|" +
             std::string(payload);
    };
  }
};

struct Signed {
  std::string algorithm, typ;
  json claims;
};

Signed read(const std::string& token) {
  const auto first = token.find('|');
  const auto second = token.find('|', first + 1);
  return {token.substr(0, first), token.substr(first + 1, second - first - 1),
          json::parse(token.substr(second + 1))};
}

struct Bench {
  oidc::model::Client client = samples::web();
  oidc::model::User user = samples::alice();
  oidc::model::Grant grant = samples::grant_of(samples::web());
  std::string grant_type = "authorization_code";
  std::string scope = "openid profile email";
  std::string nonce = "n-1";
  bool grant_live = true;
  Lifetimes lifetimes;
  FakeSigner signer;

  oidc::Result<IssuedTokens> run() {
    return issue_tokens({.grant_type = grant_type,
                         .issuer = samples::kIssuer,
                         .client = client,
                         .user = user,
                         .grant = grant,
                         .grant_live = grant_live,
                         .scope = scope,
                         .nonce = nonce,
                         .jti = "jti-1",
                         .now = kNow,
                         .lifetimes = lifetimes},
                        signer.get());
  }
};

}  // namespace

TEST_CASE("issue_tokens: the access token (RFC 9068 §2.2)") {
  Bench bench;
  bench.lifetimes.access_token = std::chrono::minutes(7);
  const auto tokens = bench.run();
  REQUIRE(tokens);
  CHECK(tokens->scope == "openid profile email");
  CHECK(tokens->expires_at == kNow + std::chrono::minutes(7));
  const auto access = read(tokens->access_token);
  CHECK(access.algorithm == "RS256");
  CHECK(access.typ == "at+jwt");
  CHECK(access.claims == json{{"iss", "https://id.test"},
                              {"aud", "https://id.test"},
                              {"sub", "u-alice"},
                              {"client_id", "web"},
                              {"scope", "openid profile email"},
                              {"jti", "jti-1"},
                              {"iat", 1'800'000'000},
                              {"exp", 1'800'000'420},
                              {"grant", 77},
                              {"auth_time", 1'799'999'880},
                              {"acr", oidc::metadata::kAcrPassword},
                              {"amr", {"pwd"}},
                              {"sid", "sid-1"}});
}

TEST_CASE("issue_tokens: the ID token (OpenID Connect Core §2)") {
  Bench bench;
  const auto tokens = bench.run();
  REQUIRE(tokens);
  const auto id = read(tokens->id_token);
  CHECK(id.algorithm == "RS256");
  CHECK(id.typ == "JWT");
  CHECK(id.claims ==
        json{{"iss", "https://id.test"},
             {"aud", "web"},
             {"sub", "u-alice"},
             {"iat", 1'800'000'000},
             {"exp", 1'800'000'900},
             {"auth_time", 1'799'999'880},
             {"acr", oidc::metadata::kAcrPassword},
             {"amr", {"pwd"}},
             {"sid", "sid-1"},
             {"nonce", "n-1"},
             {"at_hash", oidc::jose::half_hash(Algorithm::RS256, tokens->access_token)}});
}

TEST_CASE("issue_tokens: a client that asked for ES256 gets it for both tokens") {
  for (const auto& [asked, used] : {std::pair{"ES256", "ES256"}, std::pair{"RS256", "RS256"},
                                    std::pair{"", "RS256"}, std::pair{"none", "RS256"}}) {
    CAPTURE(asked);
    Bench bench;
    bench.client.id_token_signed_response_alg = asked;
    const auto tokens = bench.run();
    REQUIRE(tokens);
    CHECK(read(tokens->access_token).algorithm == used);
    CHECK(read(tokens->id_token).algorithm == used);
  }
}

TEST_CASE("issue_tokens: no nonce when none was sent, none on refresh") {
  Bench bench;
  bench.nonce.clear();
  bench.grant_type = "refresh_token";
  const auto tokens = bench.run();
  REQUIRE(tokens);
  CHECK_FALSE(read(tokens->id_token).claims.contains("nonce"));
}

TEST_CASE("issue_tokens: no ID token without openid") {
  Bench bench;
  bench.scope = "email";
  const auto tokens = bench.run();
  REQUIRE(tokens);
  CHECK(tokens->id_token.empty());
  CHECK(bench.signer.calls == 1);
  CHECK(read(tokens->access_token).claims["scope"] == "email");
}

TEST_CASE("issue_tokens: what the person said about authentication is left out when it is empty") {
  Bench bench;
  bench.grant.acr.clear();
  bench.grant.amr = "pwd  otp";
  bench.grant.sid.clear();
  const auto claims = read(bench.run()->id_token).claims;
  CHECK_FALSE(claims.contains("acr"));
  CHECK_FALSE(claims.contains("sid"));
  CHECK(claims["amr"] == json{"pwd", "otp"});
}

TEST_CASE("issue_tokens: the gate holds for every grant type, and nothing is signed behind it") {
  struct Row {
    const char* name;
    void (*change)(Bench&);
    OAuthErrorCode expected;
  };
  const Row rows[] = {
      {"the client lacks the grant", [](Bench& b) { b.client.grant_types.clear(); },
       OAuthErrorCode::unauthorized_client},
      {"a grant of another client", [](Bench& b) { b.grant.client_id = "evil"; },
       OAuthErrorCode::invalid_grant},
      {"a grant of another person", [](Bench& b) { b.grant.user_id = "u-bob"; },
       OAuthErrorCode::invalid_grant},
      {"the person is disabled",
       [](Bench& b) { b.user.status = oidc::model::UserStatus::disabled; },
       OAuthErrorCode::invalid_grant},
      {"the grant is dead", [](Bench& b) { b.grant_live = false; }, OAuthErrorCode::invalid_grant},
      {"the grant is revoked", [](Bench& b) { b.grant.revoked_at = kNow; },
       OAuthErrorCode::invalid_grant},
      {"a wider scope", [](Bench& b) { b.scope = "openid phone"; }, OAuthErrorCode::invalid_scope},
      {"a scope that is a part of a word", [](Bench& b) { b.scope = "open"; },
       OAuthErrorCode::invalid_scope},
      {"offline_access slipped in", [](Bench& b) { b.scope = "openid offline_access"; },
       OAuthErrorCode::invalid_scope},
  };
  for (const auto& row : rows) {
    for (const char* grant_type : {"authorization_code", "refresh_token"}) {
      CAPTURE(row.name, grant_type);
      Bench bench;
      bench.grant_type = grant_type;
      row.change(bench);
      const auto tokens = bench.run();
      REQUIRE_FALSE(tokens);
      CHECK(tokens.error().code == row.expected);
      CHECK(bench.signer.calls == 0);
    }
  }
}

TEST_CASE("issue_tokens: a client gets only by the grants it is registered for") {
  Bench bench;
  bench.client.grant_types = {"authorization_code"};
  CHECK(bench.run());
  for (const char* grant_type :
       {"refresh_token", "client_credentials", "password", "authorization_code ",
        "urn:ietf:params:oauth:grant-type:device_code", ""}) {
    CAPTURE(grant_type);
    bench.grant_type = grant_type;
    const auto tokens = bench.run();
    REQUIRE_FALSE(tokens);
    CHECK(tokens.error().code == OAuthErrorCode::unauthorized_client);
  }
}

TEST_CASE("issue_tokens: a signer that fails is a server error") {
  for (const int call : {1, 2}) {
    Bench bench;
    bench.signer.fail_at = call;
    const auto tokens = bench.run();
    REQUIRE_FALSE(tokens);
    CHECK(tokens.error().code == OAuthErrorCode::server_error);
    CHECK(bench.signer.calls == call);
  }
}

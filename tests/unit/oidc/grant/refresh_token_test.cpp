#include "oidc/grant/refresh_token.h"

#include "oidc/crypto/digest.h"
#include "oidc/crypto/opaque_credential.h"
#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::grant;
using oidc::OAuthErrorCode;
using samples::form;
using samples::kNow;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kGrace = seconds(10);

oidc::model::RefreshToken token_of(std::string scope = "openid email offline_access") {
  oidc::model::RefreshToken token;
  token.client_id = "web";
  token.scope = std::move(scope);
  token.created_at = kNow - hours(1);
  token.expires_at = kNow + hours(24);
  token.absolute_expires_at = kNow + hours(48);
  return token;
}

oidc::model::RefreshToken used(milliseconds ago) {
  auto token = token_of();
  token.used_at = kNow - ago;
  token.successor_row = 2;
  token.successor_sealed = "sealed";
  return token;
}

oidc::Result<RefreshVerdict> check(const oidc::model::RefreshToken& token,
                                   bool successor_used = false,
                                   const oidc::model::Client& client = samples::web()) {
  return check_refresh(token, successor_used, client, kGrace, kNow);
}

}  // namespace

TEST_CASE("Refresh request: parameters") {
  CHECK(parse_refresh_request(form("refresh_token=r"))->scope.empty());
  CHECK(parse_refresh_request(form("refresh_token=r&scope=openid+email"))->scope == "openid email");
  CHECK(parse_refresh_request(form("scope=openid")).error().code ==
        OAuthErrorCode::invalid_request);
  CHECK(parse_refresh_request(form("refresh_token=")).error().code ==
        OAuthErrorCode::invalid_request);
  CHECK(parse_refresh_request(form("refresh_token=r&scope=%C3%A4")).error().code ==
        OAuthErrorCode::invalid_scope);
  CHECK(
      parse_refresh_request(form("refresh_token=r&scope=" + std::string(1025, 's'))).error().code ==
      OAuthErrorCode::invalid_scope);
}

TEST_CASE("check_refresh: the first use rotates") {
  CHECK(check(token_of()) == RefreshVerdict::rotate);
}

TEST_CASE("check_refresh: another client changes nothing, used or not") {
  auto evil = samples::web();
  evil.client_id = "evil";
  for (const auto& client : {evil, samples::spa()}) {
    for (const auto& token : {token_of(), used(seconds(1)), used(hours(1))}) {
      const auto verdict = check(token, false, client);
      REQUIRE_FALSE(verdict);
      CHECK(verdict.error().code == OAuthErrorCode::invalid_grant);
    }
  }
}

TEST_CASE("check_refresh: idle and absolute end") {
  auto idle = token_of();
  idle.expires_at = kNow;
  CHECK(check(idle).error().code == OAuthErrorCode::invalid_grant);
  auto absolute = token_of();
  absolute.absolute_expires_at = kNow;
  CHECK(check(absolute).error().code == OAuthErrorCode::invalid_grant);
  auto last = token_of();
  last.expires_at = kNow + milliseconds(1);
  CHECK(check(last) == RefreshVerdict::rotate);
}

TEST_CASE("check_refresh: within the grace window the same successor again, later the end") {
  CHECK(check(used(milliseconds(0))) == RefreshVerdict::same_again);
  CHECK(check(used(milliseconds(9'999))) == RefreshVerdict::same_again);
  CHECK(check(used(milliseconds(10'001))) == RefreshVerdict::reuse);
  CHECK(check(used(hours(1))) == RefreshVerdict::reuse);
}

TEST_CASE("check_refresh: no grace once the successor was used or is gone") {
  CHECK(check(used(seconds(1)), true) == RefreshVerdict::reuse);
  auto erased = used(seconds(1));
  erased.successor_sealed.clear();
  CHECK(check(erased) == RefreshVerdict::reuse);
}

TEST_CASE("check_refresh: a used token that has expired too is still a reuse") {
  auto token = used(hours(30));
  token.expires_at = kNow - hours(1);
  CHECK(check(token) == RefreshVerdict::reuse);
}

TEST_CASE("check_refresh: no grace at all when it is set to zero") {
  const auto verdict =
      check_refresh(used(milliseconds(1)), false, samples::web(), milliseconds(0), kNow);
  CHECK(verdict == RefreshVerdict::reuse);
}

TEST_CASE("narrowed_scope: never wider (RFC 6749 §6)") {
  const auto token = token_of("openid email profile");
  const auto narrow = [&](const char* scope) { return narrowed_scope(token, {"r", scope}); };
  CHECK(narrow("") == "openid email profile");
  CHECK(narrow("email openid") == "email openid");
  CHECK(narrow(" openid  ") == "openid");
  for (const char* scope : {"openid phone", "openid offline_access", "OPENID", "emai", "openidx"}) {
    CAPTURE(scope);
    const auto refused = narrow(scope);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == OAuthErrorCode::invalid_scope);
  }
}

TEST_CASE("The sealed successor: only the used token itself opens it") {
  using oidc::crypto::CredentialKind;
  const auto first = oidc::crypto::make_credential(CredentialKind::refresh_token, 0, 1);
  const auto second = oidc::crypto::make_credential(CredentialKind::refresh_token, 0, 2);
  const auto sealed = seal_successor(first.text, second.text);
  CHECK(open_successor(first.text, sealed) == second.text);
  CHECK(sealed.find(second.text) == std::string::npos);
  // Not what the database holds, nor another token.
  CHECK_FALSE(open_successor(first.stored.digest, sealed));
  CHECK_FALSE(open_successor(oidc::crypto::sha256(first.text), sealed));
  CHECK_FALSE(open_successor(second.text, sealed));
  CHECK_FALSE(open_successor("", sealed));
  CHECK_FALSE(open_successor(first.text, ""));
  CHECK_FALSE(open_successor(first.text, "no base64url!"));
  for (std::size_t i = 0; i < sealed.size(); i += 7) {
    auto altered = sealed;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(open_successor(first.text, altered));
  }
  CHECK(seal_successor(first.text, second.text) != sealed);
}

// Owns: the one gate through which every grant passes. A rule that holds for all grants stands here
// and nowhere else (person active, client still allowed, grant live).
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/jose/algorithm.h"
#include "oidc/model/client.h"
#include "oidc/model/session.h"
#include "oidc/model/user.h"

namespace oidc::grant {

struct Lifetimes {
  std::chrono::milliseconds access_token{std::chrono::minutes(15)};
  std::chrono::milliseconds id_token{std::chrono::minutes(15)};
  std::chrono::milliseconds authorization_code{std::chrono::seconds(60)};
  std::chrono::milliseconds refresh_idle{std::chrono::hours(24 * 30)};
  std::chrono::milliseconds refresh_absolute{std::chrono::hours(24 * 180)};
  std::chrono::milliseconds refresh_grace{std::chrono::seconds(10)};
};

// Signs a JWT with the key in use for `algorithm`; nothing when the signer fails. It must not have
// changed anything by then.
using Signer = std::function<std::optional<std::string>(
    jose::Algorithm algorithm, std::string_view typ, std::string_view payload)>;

struct GrantContext {
  std::string_view
      grant_type;  // as the token request says; "implicit" at the authorization endpoint
  std::string_view issuer;
  const model::Client& client;
  const model::User& user;
  const model::Grant& grant;
  bool grant_live = false;  // as the store read it in this request
  std::string_view scope;   // of the tokens: never more than the grant's
  std::string_view nonce;   // for the ID token; empty on refresh
  std::string_view jti;     // random, made by the caller
  std::string_view code;    // issued beside the tokens (hybrid flow); empty: none
  // RFC 8707 §2.2: what the access token is for, out of the grant's resources; empty: all of them,
  // and the issuer when there are none.
  std::vector<std::string> resources = {};
  bool access_token = true;
  bool id_token = true;  // given only with the scope openid
  bool allow_unsigned = false;
  TimePoint now{};
  const Lifetimes& lifetimes;
};

struct IssuedTokens {
  std::string access_token;  // empty when none was asked for
  std::string id_token;      // empty without the scope openid
  std::string scope;
  TimePoint expires_at{};
};

// Errors: unauthorized_client, invalid_grant, invalid_scope, invalid_target, server_error (the
// signer failed).
Result<IssuedTokens> issue_tokens(const GrantContext& context, const Signer& sign);

}  // namespace oidc::grant

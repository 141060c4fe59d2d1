// Owns: which claims go where: ID token (OpenID Connect Core §2), access token (RFC 9068 §2.2),
// UserInfo (Core §5.3.2), and the person's standard claims by scope (§5.4).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/jose/jws.h"
#include "oidc/model/client.h"
#include "oidc/model/session.h"
#include "oidc/model/user.h"
#include "oidc/request/claims_parameter.h"

namespace oidc::token {

// `typ` of our tokens: checked wherever one comes in, so that no kind passes for another.
inline constexpr std::string_view kAccessTokenType = "at+jwt";
inline constexpr std::string_view kIdTokenType = "JWT";

struct AccessTokenInput {
  std::string_view issuer, jti;
  std::vector<std::string> audience;  // never empty
  const model::Grant& grant;
  std::string_view scope;
  TimePoint now{}, expires_at{};
};
std::string access_token_claims(const AccessTokenInput& input);

struct IdTokenInput {
  std::string_view issuer;
  const model::Grant& grant;
  std::string_view nonce;    // empty: none was sent
  std::string_view at_hash;  // empty: no access token beside it
  std::string_view c_hash;   // empty: no code beside it (Core §3.3.2.11)
  const model::User& user;
  // Core §5.4: with no access token to ask UserInfo with, what the scope asks for stands here.
  std::string_view scope_of_claims;
  TimePoint now{}, expires_at{};
};
std::string id_token_claims(const IdTokenInput& input);

// What /userinfo tells the holder of a token of this grant: `sub`, the claims that the token's
// `scope` asks for and the person has, and those that the `claims` parameter named.
std::string userinfo_claims(const model::User& user, const model::Grant& grant,
                            std::string_view scope);
// The same as a JWT payload for `audience` (Core §5.3.2). It has no `exp`, so that it cannot pass
// as an ID token.
std::string signed_userinfo_claims(std::string_view userinfo, std::string_view issuer,
                                   std::string_view audience, TimePoint now);

// The person's claims that `claims` names and `scope` does not hold already.
std::vector<std::string> single_claims(std::string_view scope,
                                       const request::ClaimsParameter& claims);

// One line for each thing that `scope` and `claims` would show an application, with the person's
// own values.
struct SharedItem {
  std::string title;  // in English
  std::string value;
  std::string scope;  // the scope it stands for; empty: one claim alone
  std::string claim;  // that claim
  bool nothing_stored = false;
};
std::vector<SharedItem> shared_items(const model::User& user, std::string_view scope,
                                     const request::ClaimsParameter& claims);

// Checks a JSON object of standard claims by their types (Core §5.1). `sub`, `email` and
// `email_verified` are refused: they have their own place. Error: invalid_request.
Result<std::string> check_claims(std::string_view json_text);

// What /userinfo, /introspect and /revoke need to know of a verified access token.
struct AccessToken {
  std::string jti, subject, client_id, scope;
  std::vector<std::string> audience;
  std::int64_t grant_id = 0;
  TimePoint issued_at{}, expires_at{};
};
// Signature (by `keys`), typ, iss, exp. Error: invalid_token.
Result<AccessToken> verify_access_token(std::string_view text, const std::vector<jose::Jwk>& keys,
                                        std::string_view issuer, TimePoint now);

// What an id_token_hint tells (Core §3.1.2.1, RP-Initiated Logout §4): signed by us; it may
// have expired, and be of another client.
struct IdTokenHint {
  std::string subject, client_id, sid;
};
Result<IdTokenHint> verify_id_token_hint(std::string_view text, const std::vector<jose::Jwk>& keys,
                                         std::string_view issuer);

}  // namespace oidc::token

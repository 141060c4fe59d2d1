// Owns: the claims of a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4). Does not sign.
#pragma once
#include <string>
#include <string_view>

#include "oidc/base/time.h"

namespace oidc::token {

inline constexpr std::string_view kLogoutTokenType = "logout+jwt";

struct LogoutTokenInput {
  std::string_view issuer, client_id, jti;
  // As that client knows them; at least one is not empty.
  std::string_view subject, sid;
  TimePoint now{};
};
// It lives for two minutes, as §4 recommends, and has no `nonce`, so that it cannot pass as an ID
// token.
std::string logout_token_claims(const LogoutTokenInput& input);

}  // namespace oidc::token

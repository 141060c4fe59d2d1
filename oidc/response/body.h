// Owns: JSON bodies: token response (RFC 6749 §5.1), error response (§5.2), introspection
// (RFC 7662 §2.2).
#pragma once
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/grant/issue_tokens.h"
#include "oidc/token/claims.h"

namespace oidc::response {

// `refresh_token` may be empty.
std::string token_body(const grant::IssuedTokens& tokens, std::string_view refresh_token,
                       TimePoint now);
std::string error_body(const OAuthError& error, std::string_view event_id);
// The public half of the error with its event id, in the characters RFC 6749 §5.2 allows.
std::string public_description(const OAuthError& error, std::string_view event_id);

std::string inactive_body();
std::string active_body(const token::AccessToken& token, std::string_view issuer,
                        std::string_view username);
std::string active_refresh_body(const model::RefreshToken& token, const model::Grant& grant,
                                std::string_view issuer, std::string_view username);

}  // namespace oidc::response

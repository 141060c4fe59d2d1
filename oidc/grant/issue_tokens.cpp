#include "oidc/grant/issue_tokens.h"

#include "oidc/base/text.h"
#include "oidc/token/claims.h"

namespace oidc::grant {
namespace {

Result<void> check_gate(const GrantContext& c) {
  // Introducing a rule here makes it hold for every grant.
  if (!c.client.has_grant_type(c.grant_type)) {
    return fail(
        OAuthErrorCode::unauthorized_client,
        "This application is not registered for the grant type " + std::string(c.grant_type) + ".");
  }
  if (c.grant.client_id != c.client.client_id) {
    return fail(OAuthErrorCode::invalid_grant, "The grant belongs to another application.",
                "grant: client_id differs");
  }
  if (!c.user.is_active() || c.grant.user_id != c.user.id) {
    return fail(OAuthErrorCode::invalid_grant, "The grant has ended.", "grant: person not active");
  }
  if (!c.grant_live || c.grant.revoked_at) {
    return fail(OAuthErrorCode::invalid_grant, "The grant has ended.",
                "grant: revoked, or its session is over");
  }
  for (const auto& word : split_words(c.scope)) {
    if (!contains_word(c.grant.scope, word)) {
      return fail(OAuthErrorCode::invalid_scope, "The scope is wider than what was granted.");
    }
  }
  return {};
}

}  // namespace

Result<IssuedTokens> issue_tokens(const GrantContext& c, const Signer& sign) {
  if (auto open = check_gate(c); !open) return std::unexpected(open.error());
  const auto signer_failed = [] {
    return fail(OAuthErrorCode::server_error,
                "The token could not be signed; nothing was used up, so try again.",
                "signer: no signature");
  };
  IssuedTokens out;
  out.scope = c.scope;
  out.expires_at = c.now + c.lifetimes.access_token;
  // A client that asked for ES256 gets it for both tokens; RS256 is what every gateway can verify.
  const auto algorithm =
      jose::parse_algorithm(c.client.id_token_signed_response_alg).value_or(jose::Algorithm::RS256);
  const auto access = sign(algorithm, token::kAccessTokenType,
                           token::access_token_claims({.issuer = c.issuer,
                                                       .audience = c.issuer,
                                                       .jti = c.jti,
                                                       .grant = c.grant,
                                                       .scope = c.scope,
                                                       .now = c.now,
                                                       .expires_at = out.expires_at}));
  if (!access) return signer_failed();
  out.access_token = *access;
  if (contains_word(c.scope, "openid")) {
    const auto at_hash = jose::half_hash(algorithm, out.access_token);
    const auto id_token =
        sign(algorithm, token::kIdTokenType,
             token::id_token_claims({.issuer = c.issuer,
                                     .grant = c.grant,
                                     .nonce = c.nonce,
                                     .at_hash = at_hash,
                                     .now = c.now,
                                     .expires_at = c.now + c.lifetimes.id_token}));
    if (!id_token) return signer_failed();
    out.id_token = *id_token;
  }
  return out;
}

}  // namespace oidc::grant

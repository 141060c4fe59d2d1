#include "oidc/grant/issue_tokens.h"

#include <algorithm>

#include "oidc/base/base64url.h"
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

auto signer_failed() {
  return fail(OAuthErrorCode::server_error,
              "The token could not be signed; nothing was used up, so try again.",
              "signer: no signature");
}

// RFC 8707 §2.2: a request may narrow what was granted, and no more.
Result<std::vector<std::string>> audience_of(const GrantContext& c) {
  for (const auto& resource : c.resources) {
    if (std::ranges::find(c.grant.resources, resource) == c.grant.resources.end()) {
      return fail(OAuthErrorCode::invalid_target,
                  "The resource was not among those of the authorization request.");
    }
  }
  if (!c.resources.empty()) return c.resources;
  if (!c.grant.resources.empty()) return c.grant.resources;
  return std::vector{std::string(c.issuer)};
}

Result<std::string> make_access_token(const GrantContext& c, const Signer& sign,
                                      TimePoint expires_at) {
  auto audience = audience_of(c);
  if (!audience) return std::unexpected(audience.error());
  // RS256 is what every gateway can verify; a client that asked for ES256 gets it here too.
  const auto algorithm = c.client.id_token_signed_response_alg == "ES256" ? jose::Algorithm::ES256
                                                                          : jose::Algorithm::RS256;
  auto token = sign(algorithm, token::kAccessTokenType,
                    token::access_token_claims({.issuer = c.issuer,
                                                .jti = c.jti,
                                                .audience = std::move(*audience),
                                                .grant = c.grant,
                                                .scope = c.scope,
                                                .now = c.now,
                                                .expires_at = expires_at}));
  if (!token) return signer_failed();
  return std::move(*token);
}

// OpenID Connect Core §2: only for clients that registered it, only where the operator allows it,
// and never from the authorization endpoint.
std::string unsigned_token(std::string_view payload) {
  return base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(payload) + ".";
}

Result<std::string> make_id_token(const GrantContext& c, const Signer& sign,
                                  std::string_view access_token) {
  const auto& name = c.client.id_token_signed_response_alg;
  const bool is_unsigned = name == "none" && c.allow_unsigned && c.grant_type != "implicit";
  const auto algorithm = jose::parse_algorithm(name).value_or(jose::Algorithm::RS256);
  const auto hash = [&](std::string_view text) {
    return text.empty() || is_unsigned ? std::string() : jose::half_hash(algorithm, text);
  };
  const auto at_hash = hash(access_token);
  const auto c_hash = hash(c.code);
  const bool alone = c.grant_type == "implicit" && access_token.empty() && c.code.empty();
  const auto payload =
      token::id_token_claims({.issuer = c.issuer,
                              .grant = c.grant,
                              .nonce = c.nonce,
                              .at_hash = at_hash,
                              .c_hash = c_hash,
                              .user = c.user,
                              .scope_of_claims = alone ? c.scope : std::string_view(),
                              .now = c.now,
                              .expires_at = c.now + c.lifetimes.id_token});
  if (is_unsigned) return unsigned_token(payload);
  auto token = sign(algorithm, token::kIdTokenType, payload);
  if (!token) return signer_failed();
  return std::move(*token);
}

}  // namespace

Result<IssuedTokens> issue_tokens(const GrantContext& c, const Signer& sign) {
  if (auto open = check_gate(c); !open) return std::unexpected(open.error());
  IssuedTokens out;
  out.scope = c.scope;
  out.expires_at = c.now + c.lifetimes.access_token;
  if (c.access_token) {
    auto access = make_access_token(c, sign, out.expires_at);
    if (!access) return std::unexpected(access.error());
    out.access_token = std::move(*access);
  }
  if (c.id_token && contains_word(c.scope, "openid")) {
    auto id_token = make_id_token(c, sign, out.access_token);
    if (!id_token) return std::unexpected(id_token.error());
    out.id_token = std::move(*id_token);
  }
  return out;
}

}  // namespace oidc::grant

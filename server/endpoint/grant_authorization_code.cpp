// grant_type=authorization_code (RFC 6749 §4.1.3, OpenID Connect Core §3.1.3).
#include "oidc/crypto/opaque_credential.h"
#include "oidc/crypto/random.h"
#include "oidc/grant/authorization_code.h"
#include "server/endpoint/token.h"
#include "server/provider/failure.h"

namespace server::endpoint {
namespace {

using oidc::OAuthErrorCode;
using provider::Provider;

auto used_or_wrong(std::string detail) {
  return oidc::fail(OAuthErrorCode::invalid_grant,
                    "The code is wrong, expired, used, or was issued for other parameters.",
                    std::move(detail));
}

// RFC 6749 §4.1.2: "the authorization server MUST deny the request and SHOULD revoke (when
// possible) all tokens previously issued based on that authorization code."
runtime::Task<GrantResult> refuse_replay(const Provider& provider, store::Actor actor,
                                         std::int64_t grant_id) {
  auto revoked = co_await provider.store.revoke_grant(grant_id, "code used twice", std::move(actor),
                                                      provider.now());
  if (!revoked) co_return std::unexpected(provider::to_oauth_error(revoked.error()));
  co_return used_or_wrong("code: used before; its tokens were revoked");
}

struct NewRefresh {
  std::string text;
  std::optional<oidc::model::RefreshToken> token;
};

NewRefresh make_refresh(const Provider& provider, const oidc::model::Client& client,
                        const oidc::model::Grant& grant, oidc::TimePoint now) {
  if (!client.has_grant_type("refresh_token")) return {};
  auto credential = oidc::crypto::make_credential(oidc::crypto::CredentialKind::refresh_token, 0,
                                                  provider.store.next_row());
  const auto& life = provider.lifetimes;
  return {std::move(credential.text),
          oidc::model::RefreshToken{.stored = credential.stored,
                                    .grant_id = grant.id,
                                    .client_id = client.client_id,
                                    .scope = grant.scope,
                                    .created_at = now,
                                    .expires_at = now + life.refresh_idle,
                                    .absolute_expires_at = now + life.refresh_absolute}};
}

}  // namespace

runtime::Task<GrantResult> grant_authorization_code(const Provider& provider,
                                                    const http::Request& request,
                                                    const ClientRequest& authenticated) {
  const auto& client = *authenticated.client;
  auto parsed = oidc::grant::parse_code_request(authenticated.form);
  if (!parsed) co_return std::unexpected(parsed.error());
  const auto credential = oidc::crypto::parse_credential(
      oidc::crypto::CredentialKind::authorization_code, parsed->code);
  if (!credential) co_return used_or_wrong("code: not of our form");
  const auto now = provider.now();
  auto record = co_await provider.store.load_code(*credential, now);
  if (!record) co_return std::unexpected(provider::to_oauth_error(record.error()));
  if (!*record) co_return used_or_wrong("code: unknown");
  const auto& code = (*record)->code;
  const auto& grant = (*record)->grant;
  const store::Actor actor{"client:" + client.client_id, request.client_address};
  auto verdict = oidc::grant::check_code(code, client, *parsed, now);
  if (!verdict) co_return std::unexpected(verdict.error());
  if (*verdict == oidc::grant::CodeVerdict::replay) {
    co_return co_await refuse_replay(provider, actor, grant.id);
  }
  // Signed before anything is used up: a signer that fails burns nothing.
  const auto jti = oidc::crypto::random_id();
  auto tokens = oidc::grant::issue_tokens({.grant_type = "authorization_code",
                                           .issuer = provider.issuer,
                                           .client = client,
                                           .user = (*record)->user,
                                           .grant = grant,
                                           .grant_live = (*record)->grant_live,
                                           .scope = grant.scope,
                                           .nonce = code.nonce,
                                           .jti = jti,
                                           .resources = parsed->resources,
                                           .allow_unsigned = provider.features.allow_unsigned,
                                           .now = now,
                                           .lifetimes = provider.lifetimes},
                                          provider.signer());
  if (!tokens) co_return std::unexpected(tokens.error());
  auto refresh = make_refresh(provider, client, grant, now);
  auto outcome = co_await provider.store.redeem_code({.code_row = code.stored.row,
                                                      .grant_id = grant.id,
                                                      .client_id = client.client_id,
                                                      .refresh = std::move(refresh.token)},
                                                     actor, now);
  if (!outcome) co_return std::unexpected(provider::to_oauth_error(outcome.error()));
  switch (*outcome) {
    case store::RedeemOutcome::redeemed:
      co_return GrantAnswer{std::move(*tokens), std::move(refresh.text)};
    case store::RedeemOutcome::already_used:
      // Lost a race against the same client with the same verifier: a replay like any other.
      co_return co_await refuse_replay(provider, actor, grant.id);
    case store::RedeemOutcome::grant_ended:
      break;
  }
  co_return used_or_wrong("code: its grant has ended");
}

}  // namespace server::endpoint

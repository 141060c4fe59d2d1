// grant_type=refresh_token (RFC 6749 §6, RFC 9700 §4.14.2, OpenID Connect Core §12).
#include "oidc/crypto/opaque_credential.h"
#include "oidc/crypto/random.h"
#include "oidc/grant/refresh_token.h"
#include "server/endpoint/token.h"
#include "server/provider/failure.h"

namespace server::endpoint {
namespace {

using oidc::OAuthErrorCode;
using oidc::grant::RefreshVerdict;
using provider::Provider;

auto wrong(std::string detail) {
  return oidc::fail(OAuthErrorCode::invalid_grant,
                    "The refresh token is wrong, expired, used, or was revoked.",
                    std::move(detail));
}

struct Attempt {
  const Provider& provider;
  const oidc::model::Client& client;
  const oidc::grant::RefreshRequest& request;
  store::Actor actor;
  oidc::TimePoint now;
};

oidc::Result<oidc::grant::IssuedTokens> issue(const Attempt& attempt,
                                              const store::RefreshRecord& record,
                                              std::string_view scope) {
  const auto jti = oidc::crypto::random_id();
  return oidc::grant::issue_tokens({.grant_type = "refresh_token",
                                    .issuer = attempt.provider.issuer,
                                    .client = attempt.client,
                                    .user = record.user,
                                    .grant = record.grant,
                                    .grant_live = record.grant_live,
                                    .scope = scope,
                                    .jti = jti,
                                    .resources = attempt.request.resources,
                                    .allow_unsigned = attempt.provider.features.allow_unsigned,
                                    .now = attempt.now,
                                    .lifetimes = attempt.provider.lifetimes},
                                   attempt.provider.signer());
}

// The first use. Nothing: another request used the token first, so look again.
runtime::Task<std::optional<GrantResult>> rotate(const Attempt& attempt,
                                                 const store::RefreshRecord& record) {
  auto scope = oidc::grant::narrowed_scope(record.token, attempt.request);
  if (!scope) co_return std::unexpected(scope.error());
  auto tokens = issue(attempt, record, *scope);
  if (!tokens) co_return std::unexpected(tokens.error());
  auto successor = oidc::crypto::make_credential(oidc::crypto::CredentialKind::refresh_token, 0,
                                                 attempt.provider.store.next_row());
  oidc::model::RefreshToken next = record.token;
  next.stored = successor.stored;
  // RFC 6749 §6: a new refresh token has the scope of the old one, whatever this request asked for.
  next.parent_row = record.token.stored.row;
  next.created_at = attempt.now;
  next.expires_at = std::min(attempt.now + attempt.provider.lifetimes.refresh_idle,
                             record.token.absolute_expires_at);
  next.successor_sealed.clear();
  auto outcome = co_await attempt.provider.store.rotate_refresh(
      {.old_row = record.token.stored.row,
       .successor = std::move(next),
       .successor_sealed =
           oidc::grant::seal_successor(attempt.request.refresh_token, successor.text)},
      attempt.actor, attempt.now);
  if (!outcome) co_return std::unexpected(provider::to_oauth_error(outcome.error()));
  switch (*outcome) {
    case store::RotateOutcome::rotated:
      co_return GrantAnswer{std::move(*tokens), std::move(successor.text)};
    case store::RotateOutcome::grant_ended:
      co_return wrong("refresh_token: its grant has ended");
    case store::RotateOutcome::already_used:
      break;
  }
  co_return std::nullopt;
}

runtime::Task<GrantResult> end_family(const Attempt& attempt, std::int64_t grant_id) {
  auto revoked = co_await attempt.provider.store.revoke_grant(grant_id, "refresh token used twice",
                                                              attempt.actor, attempt.now);
  if (!revoked) co_return std::unexpected(provider::to_oauth_error(revoked.error()));
  co_return wrong("refresh_token: used before; the whole family was ended");
}

GrantResult repeat(const Attempt& attempt, const store::RefreshRecord& record) {
  auto successor =
      oidc::grant::open_successor(attempt.request.refresh_token, record.token.successor_sealed);
  if (!successor) return wrong("refresh_token: the successor cannot be opened");
  auto scope = oidc::grant::narrowed_scope(record.token, attempt.request);
  if (!scope) return std::unexpected(scope.error());
  auto tokens = issue(attempt, record, *scope);
  if (!tokens) return std::unexpected(tokens.error());
  return GrantAnswer{std::move(*tokens), std::move(*successor)};
}

}  // namespace

runtime::Task<GrantResult> grant_refresh_token(const Provider& provider,
                                               const http::Request& request,
                                               const ClientRequest& authenticated) {
  const auto& client = *authenticated.client;
  auto parsed = oidc::grant::parse_refresh_request(authenticated.form);
  if (!parsed) co_return std::unexpected(parsed.error());
  const auto credential = oidc::crypto::parse_credential(
      oidc::crypto::CredentialKind::refresh_token, parsed->refresh_token);
  if (!credential) co_return wrong("refresh_token: not of our form");
  // Twice at most: the second look follows a lost race and never rotates.
  for (int look = 0; look < 2; ++look) {
    const auto now = provider.now();
    auto record = co_await provider.store.load_refresh(*credential, now);
    if (!record) co_return std::unexpected(provider::to_oauth_error(record.error()));
    if (!*record) co_return wrong("refresh_token: unknown");
    const Attempt attempt{
        provider, client, *parsed, {"client:" + client.client_id, request.client_address}, now};
    auto verdict = oidc::grant::check_refresh((*record)->token, (*record)->successor_used, client,
                                              provider.lifetimes.refresh_grace, now);
    if (!verdict) co_return std::unexpected(verdict.error());
    if (*verdict == RefreshVerdict::reuse) {
      co_return co_await end_family(attempt, (*record)->grant.id);
    }
    if (*verdict == RefreshVerdict::same_again) co_return repeat(attempt, **record);
    auto rotated = co_await rotate(attempt, **record);
    if (rotated) co_return std::move(*rotated);
  }
  co_return oidc::fail(OAuthErrorCode::temporarily_unavailable,
                       "The refresh token is being used by another request; try again.",
                       "refresh_token: lost a race twice");
}

}  // namespace server::endpoint

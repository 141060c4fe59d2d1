#include "oidc/grant/refresh_token.h"

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/crypto/aead.h"
#include "oidc/crypto/digest.h"

namespace oidc::grant {
namespace {

constexpr std::string_view kSealLabel = "latchkey refresh successor v1";

std::unexpected<OAuthError> refuse(std::string detail) {
  return fail(OAuthErrorCode::invalid_grant,
              "The refresh token is wrong, expired, used, or was revoked.", std::move(detail));
}

}  // namespace

Result<RefreshRequest> parse_refresh_request(const Form& form) {
  const auto token = form.get("refresh_token");
  if (!token) {
    return fail(OAuthErrorCode::invalid_request, "The parameter refresh_token is missing.");
  }
  const auto scope = form.value_or("scope", "");
  if (scope.size() > 1024 || !is_printable_ascii(scope)) {
    return fail(OAuthErrorCode::invalid_scope,
                "The parameter scope is longer than 1024 bytes or not printable ASCII.");
  }
  return RefreshRequest{*token, scope, split_words(form.value_or("resource", ""))};
}

Result<RefreshVerdict> check_refresh(const model::RefreshToken& token, bool successor_used,
                                     const model::Client& client, std::chrono::milliseconds grace,
                                     TimePoint now) {
  if (token.client_id != client.client_id) {
    return refuse("refresh_token: issued to another client");
  }
  if (!token.used_at) {
    if (token.expires_at <= now || token.absolute_expires_at <= now) {
      return refuse("refresh_token: expired");
    }
    return RefreshVerdict::rotate;
  }
  const bool in_grace =
      now - *token.used_at <= grace && !successor_used && !token.successor_sealed.empty();
  // Whatever scope it asks for: narrowed_scope() refuses a wider one without ending the family.
  return in_grace ? RefreshVerdict::same_again : RefreshVerdict::reuse;
}

Result<std::string> narrowed_scope(const model::RefreshToken& token,
                                   const RefreshRequest& request) {
  const auto words = split_words(request.scope);
  if (words.empty()) return token.scope;
  for (const auto& word : words) {
    if (!contains_word(token.scope, word)) {
      return fail(OAuthErrorCode::invalid_scope, "The scope is wider than what was granted.");
    }
  }
  return join_words(words);
}

std::string seal_successor(std::string_view used_token, std::string_view successor) {
  return base64url_encode(
      crypto::seal(crypto::hkdf_sha256(used_token, kSealLabel), successor, kSealLabel));
}

std::optional<std::string> open_successor(std::string_view used_token, std::string_view sealed) {
  const auto bytes = base64url_decode(sealed);
  if (!bytes) return std::nullopt;
  return crypto::open(crypto::hkdf_sha256(used_token, kSealLabel), *bytes, kSealLabel);
}

}  // namespace oidc::grant

#include "oidc/client_auth/client_auth.h"

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/client_auth/parse_assertion.h"
#include "oidc/crypto/digest.h"

namespace oidc::client_auth {
namespace {

using model::ClientAuthMethod;
constexpr std::size_t kMaxCredential = 1024;

std::unexpected<OAuthError> refuse(std::string detail) {
  return fail(OAuthErrorCode::invalid_client,
              "The client authentication failed: check client_id, secret and method.",
              std::move(detail));
}

// RFC 6749 §2.3.1: id and secret are form-encoded, then joined by ':' and base64-encoded (RFC
// 7617).
Result<ClientCredentials> parse_basic(std::string_view header) {
  const auto decoded = base64_decode(trim(header.substr(6)));
  if (!decoded || decoded->size() > 2 * kMaxCredential) {
    return refuse("client_secret_basic: the header is no base64");
  }
  const auto colon = decoded->find(':');
  if (colon == std::string::npos) return refuse("client_secret_basic: no colon in the header");
  const auto id = percent_decode(std::string_view(*decoded).substr(0, colon), true);
  auto secret = percent_decode(std::string_view(*decoded).substr(colon + 1), true);
  if (!id || !secret || id->empty() || !is_clean_utf8(*id)) {
    return refuse("client_secret_basic: a broken percent escape or an empty client_id");
  }
  return ClientCredentials{ClientAuthMethod::client_secret_basic, *id,
                           ClientSecret(std::move(*secret))};
}

}  // namespace

Result<ClientCredentials> parse_client_credentials(std::optional<std::string_view> authorization,
                                                   const Form& form) {
  const bool in_body = form.has("client_secret");
  if (form.has("client_assertion") || form.has("client_assertion_type")) {
    if (authorization || in_body) {
      return fail(OAuthErrorCode::invalid_request,
                  "The request uses two client authentication methods at once.");
    }
    return parse_assertion(form);
  }
  if (authorization) {
    if (authorization->size() < 6 || !equals_ignore_case(authorization->substr(0, 6), "basic ")) {
      return refuse("the Authorization header is not of the Basic scheme");
    }
    if (in_body) {
      return fail(OAuthErrorCode::invalid_request,
                  "The request uses two client authentication methods at once.");
    }
    auto basic = parse_basic(*authorization);
    if (basic && form.has("client_id") && form.get("client_id") != basic->client_id) {
      return fail(OAuthErrorCode::invalid_request,
                  "The client_id of the body is not that of the Authorization header.");
    }
    return basic;
  }
  const auto id = form.get("client_id");
  if (!id || id->size() > kMaxCredential) return refuse("no client authentication in the request");
  if (in_body) {
    auto secret = form.value_or("client_secret", "");
    if (secret.size() > kMaxCredential) return refuse("client_secret_post: secret too long");
    return ClientCredentials{ClientAuthMethod::client_secret_post, *id,
                             ClientSecret(std::move(secret))};
  }
  return ClientCredentials{ClientAuthMethod::none, *id, {}};
}

Result<void> authenticate(const ClientCredentials& credentials, const model::Client* client) {
  const std::string digest = client_secret_digest(credentials.secret.reveal());
  if (!client) return refuse("client_id: unknown client");
  if (credentials.method != client->token_endpoint_auth_method) {
    return refuse("token_endpoint_auth_method: expected " +
                  std::string(to_string(client->token_endpoint_auth_method)) + ", received " +
                  std::string(to_string(credentials.method)));
  }
  if (credentials.is_assertion()) return refuse("client_assertion: not verified");
  if (client->is_public()) return {};
  if (client->client_secret_digest.empty() ||
      !crypto::equal_constant_time(digest, client->client_secret_digest)) {
    return refuse("client_secret: wrong");
  }
  return {};
}

std::string client_secret_digest(std::string_view secret) {
  return base64url_encode(crypto::sha256(secret));
}

}  // namespace oidc::client_auth

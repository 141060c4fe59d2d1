// Client assertions (RFC 7523 §3, OpenID Connect Core §9), but for keys and replay.
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/client_auth/client_auth.h"
#include "oidc/client_auth/parse_assertion.h"
#include "oidc/jose/client_jwt.h"

namespace oidc::client_auth {
namespace {

using jose::Algorithm;
using model::Client;
using model::ClientAuthMethod;

constexpr std::string_view kType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::size_t kMostIdBytes = 1024;
constexpr std::size_t kMostJtiBytes = 255;
// Used assertions are remembered until they expire, so that must not be far away.
constexpr std::chrono::minutes kLongestLife{10};

std::unexpected<OAuthError> refuse(std::string detail) {
  return std::unexpected(assertion_refused("client_assertion: " + std::move(detail)));
}

// The registered algorithm, or every one that has a public key.
std::vector<Algorithm> allowed_algorithms(const Client& client) {
  const auto& registered = client.token_endpoint_auth_signing_alg;
  if (registered.empty()) {
    const auto every = jose::every_algorithm();
    return {every.begin(), every.end()};
  }
  const auto one = jose::parse_algorithm(registered);
  return one ? std::vector{*one} : std::vector<Algorithm>{};
}

Result<void> check_names(const nlohmann::json& claims, const std::string& client_id,
                         std::string_view issuer) {
  if (string_member(claims, "iss") != client_id || string_member(claims, "sub") != client_id) {
    return refuse("iss and sub are not both the client_id");
  }
  const auto aud = string_member(claims, "aud");
  if (!aud) return refuse("aud is missing or not one string");
  if (*aud != issuer && *aud != std::string(issuer) + "/token") {
    return refuse("aud: expected the issuer or its token endpoint, received " +
                  to_description(aud->substr(0, 200)));
  }
  return {};
}

}  // namespace

OAuthError assertion_refused(std::string detail) {
  return {OAuthErrorCode::invalid_client,
          "The client assertion is not accepted: check its key, alg, iss, sub, aud, exp and jti, "
          "and use each one once.",
          std::move(detail)};
}

Result<ClientCredentials> parse_assertion(const Form& form) {
  if (form.get("client_assertion_type") != kType) {
    return refuse("client_assertion_type is not " + std::string(kType));
  }
  auto text = form.value_or("client_assertion", "");
  const auto jws = jose::parse_jws(text);
  if (!jws) return refuse(jws.error().detail);
  const auto claims = jose::unverified_claims(*jws);
  if (!claims) return refuse(claims.error().detail);
  auto client_id = string_member(**claims, "sub");
  if (!client_id || client_id->empty() || client_id->size() > kMostIdBytes) {
    return refuse("sub is missing or too long");
  }
  // RFC 7521 §4.2: client_id is not needed, but must name the same client.
  if (form.has("client_id") && form.get("client_id") != client_id) {
    return refuse("the client_id of the body is not sub");
  }
  // Which method this is: the registered one must be the same, so the header decides nothing.
  const auto method = jws->alg.starts_with("HS") ? ClientAuthMethod::client_secret_jwt
                                                 : ClientAuthMethod::private_key_jwt;
  return ClientCredentials{method, std::move(*client_id), {}, std::move(text)};
}

Result<CheckedAssertion> check_assertion(const ClientCredentials& credentials, const Client* client,
                                         std::string_view issuer, TimePoint now) {
  if (!client) return refuse("unknown client");
  if (credentials.method != client->token_endpoint_auth_method) {
    return refuse("token_endpoint_auth_method: expected " +
                  std::string(to_string(client->token_endpoint_auth_method)) + ", received " +
                  std::string(to_string(credentials.method)));
  }
  const auto jws = jose::parse_jws(credentials.assertion);
  if (!jws) return refuse(jws.error().detail);
  const auto& registered = client->token_endpoint_auth_signing_alg;
  if (!registered.empty() && jws->alg != registered) {
    return refuse("alg: expected " + registered + ", received " +
                  to_description(jws->alg.substr(0, 40)));
  }
  // RFC 8725 §3.11: so that no other kind of JWT passes for an assertion.
  if (!jws->typ.empty() && !equals_ignore_case(jws->typ, "JWT") &&
      !equals_ignore_case(jws->typ, "client-authentication+jwt")) {
    return refuse("typ is neither JWT nor client-authentication+jwt");
  }
  const auto claims = jose::unverified_claims(*jws);
  if (!claims) return refuse(claims.error().detail);
  if (auto sound = check_names(**claims, client->client_id, issuer); !sound) {
    return std::unexpected(sound.error());
  }
  const auto times = jose::check_times(**claims, now);
  if (!times) return refuse(times.error().detail);
  if (!times->expires_at) return refuse("exp is missing");
  if (*times->expires_at > now + kLongestLife + jose::kClockSkew) {
    return refuse("exp is more than ten minutes ahead");
  }
  auto jti = string_member(**claims, "jti");
  if (!jti || jti->empty() || jti->size() > kMostJtiBytes) {
    return refuse("jti is missing or longer than 255 bytes");
  }
  // Twice the skew: another node's clock may be behind the one that removes expired rows.
  return CheckedAssertion{jws->kid, std::move(*jti), *times->expires_at + 2 * jose::kClockSkew};
}

Result<void> verify_assertion(const ClientCredentials& credentials, const Client& client,
                              const std::vector<jose::Jwk>& keys, const ClientSecret& secret) {
  const auto jws = jose::parse_jws(credentials.assertion);
  if (!jws) return refuse(jws.error().detail);
  // By the registered method, not by what the assertion says of itself.
  const auto verified = client.token_endpoint_auth_method == ClientAuthMethod::client_secret_jwt
                            ? jose::verify_hs256_jwt(*jws, secret)
                            : jose::verify_client_jwt(*jws, keys, allowed_algorithms(client));
  if (!verified) return refuse(verified.error().detail);
  return {};
}

}  // namespace oidc::client_auth

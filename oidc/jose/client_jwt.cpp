#include "oidc/jose/client_jwt.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/crypto/digest.h"

namespace oidc::jose {
namespace {

// A set of 50 keys without kid would make each forgery cost 50 verifications.
constexpr int kMostTries = 10;
constexpr std::size_t kMostBytes = 16 * 1024;
// The year 3000.
constexpr double kLatestDate = 32'503'680'000;

std::unexpected<OAuthError> invalid(std::string detail) {
  return fail(OAuthErrorCode::invalid_token, "The JWT is not valid.", std::move(detail));
}

bool may_verify(const Jwk& key, Algorithm algorithm, const std::string& kid) {
  return key.use != "enc" && key.key.type() == row(algorithm).key_type &&
         key.alg.value_or(algorithm) == algorithm &&
         (kid.empty() || key.kid.empty() || key.kid == kid);
}

// NumericDate may have a fraction (RFC 7519 §2). Nothing when the claim is no sensible number.
std::optional<TimePoint> numeric_date(const nlohmann::json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto seconds = value.get<double>();
  if (!(seconds >= 0 && seconds <= kLatestDate)) return std::nullopt;
  return from_millis(static_cast<std::int64_t>(std::floor(seconds * 1000)));
}

}  // namespace

std::span<const Algorithm> every_algorithm() {
  static constexpr std::array kEvery = {
      Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384,
      Algorithm::PS512, Algorithm::ES256, Algorithm::ES384, Algorithm::ES512, Algorithm::EdDSA};
  return kEvery;
}

Result<JwtClaims> unverified_claims(const ParsedJws& jws) {
  JwtClaims claims = parse_json_object(jws.payload, kMostBytes);
  if (!claims) return invalid("the payload is no JSON object, or repeats a member");
  return claims;
}

Result<JwtClaims> verify_client_jwt(const ParsedJws& jws, const std::vector<Jwk>& keys,
                                    std::span<const Algorithm> allowed) {
  const auto algorithm = parse_algorithm(jws.alg);
  if (!algorithm || std::ranges::find(allowed, *algorithm) == allowed.end()) {
    return invalid("alg of the header is not one that is allowed here");
  }
  int tries = 0;
  for (const Jwk& key : keys) {
    if (!may_verify(key, *algorithm, jws.kid)) continue;
    if (++tries > kMostTries) return invalid("more than ten keys fit the header: use kid");
    if (verify_jws(jws, *algorithm, key.key)) return unverified_claims(jws);
  }
  return invalid(tries > 0 ? "the signature is wrong" : "no registered key fits the header");
}

Result<JwtClaims> verify_hs256_jwt(const ParsedJws& jws, const ClientSecret& secret) {
  if (jws.alg != kHs256) return invalid("alg of the header is not HS256");
  if (secret.empty()) return invalid("no secret is registered");
  const auto expected = crypto::hmac_sha256(secret.reveal(), jws.signing_input);
  if (!crypto::equal_constant_time(expected, jws.signature)) {
    return invalid("the signature is wrong");
  }
  return unverified_claims(jws);
}

Result<JwtTimes> check_times(const nlohmann::json& claims, TimePoint now) {
  JwtTimes times;
  if (const auto exp = claims.find("exp"); exp != claims.end()) {
    times.expires_at = numeric_date(*exp);
    if (!times.expires_at) return invalid("exp is no date");
    if (*times.expires_at + kClockSkew <= now) return invalid("exp has passed");
  }
  for (const char* name : {"nbf", "iat"}) {
    const auto found = claims.find(name);
    if (found == claims.end()) continue;
    const auto from = numeric_date(*found);
    if (!from) return invalid(std::string(name) + " is no date");
    if (*from > now + kClockSkew) return invalid(std::string(name) + " is in the future");
  }
  return times;
}

}  // namespace oidc::jose

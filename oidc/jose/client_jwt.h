// Owns: reading JWTs that applications sign: client assertions (RFC 7523) and request objects (RFC
// 9101). Unlike our own tokens they may come without a kid, so several keys may fit; which
// algorithms count is the caller's list, never the header's word (RFC 8725 §3.1). Checks no claim
// but times. There is no "none" here.
#pragma once
#include <chrono>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "oidc/base/result.h"
#include "oidc/base/secret.h"
#include "oidc/base/time.h"
#include "oidc/jose/algorithm.h"
#include "oidc/jose/jwk.h"
#include "oidc/jose/jws.h"

namespace oidc::jose {

using JwtClaims = std::shared_ptr<const nlohmann::json>;

// HMAC with SHA-256 (RFC 7518 §3.2). Not in the table of algorithms, so that no public key can ever
// be taken for its secret.
inline constexpr std::string_view kHs256 = "HS256";
// By how much the clock of an application may be wrong.
inline constexpr std::chrono::seconds kClockSkew{60};

// Every algorithm of the table.
std::span<const Algorithm> every_algorithm();

// Verifies with a key of `keys` that is of the algorithm's type, not for encryption, whose `alg`,
// if it names one, is the header's, and whose kid is the header's where both have one. At most ten
// keys are tried. Error: invalid_token.
Result<JwtClaims> verify_client_jwt(const ParsedJws& jws, const std::vector<Jwk>& keys,
                                    std::span<const Algorithm> allowed);
// Verifies HS256 with a secret that both sides know. Error: invalid_token, also when it is empty.
Result<JwtClaims> verify_hs256_jwt(const ParsedJws& jws, const ClientSecret& secret);
// The payload as a JSON object without repeated names, before anything is verified: only to know
// whose keys to ask. Error: invalid_token.
Result<JwtClaims> unverified_claims(const ParsedJws& jws);

struct JwtTimes {
  std::optional<TimePoint> expires_at;
};
// Holds exp, nbf and iat, as far as they are there, against `now`, give or take kClockSkew. Error:
// invalid_token for one that is no number, expired, or not valid yet.
Result<JwtTimes> check_times(const nlohmann::json& claims, TimePoint now);

}  // namespace oidc::jose

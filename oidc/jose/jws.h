// Owns: JWS compact serialization (RFC 7515 §7.1): strict reading, signing, verifying.
#pragma once
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/crypto/key.h"
#include "oidc/jose/algorithm.h"
#include "oidc/jose/jwk.h"

namespace oidc::jose {

// A token that was taken apart and not yet verified. Views into `text`.
struct ParsedJws {
  std::string alg, kid, typ;  // as the header says; empty when absent
  std::string payload;        // decoded
  std::string_view signing_input;
  std::string signature;  // decoded
};

// Strict: three parts, canonical base64url, at most 16 KB, a JSON object header without repeated
// names, `alg` a string, no `crit` (RFC 7515 §4.1.11) and no `b64`; `jwk`, `jku`, `x5u`, `x5c` are
// never used. Error: invalid_token. `text` must outlive the result.
Result<ParsedJws> parse_jws(std::string_view text);
// True when `alg` is the key's and the signature is right. The key decides the algorithm.
bool verify_jws(const ParsedJws& jws, Algorithm algorithm, const crypto::PublicKey& key);

// The header is {"alg","typ"?,"kid"?}; `typ` and `kid` are left out when empty. Nothing when the
// signer fails.
std::optional<std::string> sign_jws(const crypto::PrivateKey& key, Algorithm algorithm,
                                    std::string_view kid, std::string_view typ,
                                    std::string_view payload);

// A verified token's claims.
struct VerifiedJwt {
  std::string typ, kid;
  Algorithm algorithm;
  std::shared_ptr<const nlohmann::json> claims;
};

// Verifies `text` with the key of `keys` that has its `kid`, under that key's own `alg`. Checks no
// claim. Error: invalid_token.
Result<VerifiedJwt> verify_jwt(std::string_view text, const std::vector<Jwk>& keys);

}  // namespace oidc::jose

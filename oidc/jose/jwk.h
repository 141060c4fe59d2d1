// Owns: JSON Web Keys (RFC 7517, RFC 7518 §6, RFC 8037) and key sets. Public members only: a
// private or symmetric key is refused.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/result.h"
#include "oidc/crypto/key.h"
#include "oidc/jose/algorithm.h"

namespace oidc::jose {

struct Jwk {
  std::string kid;  // may be empty in a client's key
  std::optional<Algorithm> alg;
  std::string use;  // "sig", "enc" or empty
  crypto::PublicKey key;
};

// Errors: invalid_client_metadata with a description of the member at fault.
Result<Jwk> parse_jwk(const nlohmann::json& value);
// At most 50 keys; keys of unknown type are left out (RFC 7517 §5), private ones refused.
Result<std::vector<Jwk>> parse_jwk_set(std::string_view text);
// kty, the public members, kid, use "sig" and alg.
nlohmann::json to_json(const Jwk& jwk);
// RFC 7638 SHA-256 thumbprint, base64url.
std::string thumbprint(const crypto::PublicKey& key);

}  // namespace oidc::jose

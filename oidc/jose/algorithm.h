// Owns: the one table of JWS algorithms (RFC 7518 §3.1, RFC 8037). There is no "none" in it, and no
// way from a token's header to an algorithm but through a key that allows it.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "oidc/crypto/key.h"

namespace oidc::jose {

enum class Algorithm { RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA };

struct AlgorithmRow {
  Algorithm algorithm;
  std::string_view name;
  crypto::KeyType key_type;
  crypto::SignatureScheme scheme;
  std::string_view hash;  // of at_hash and c_hash: "SHA-256", "SHA-384", "SHA-512"
};

const AlgorithmRow& row(Algorithm algorithm);
std::span<const AlgorithmRow> algorithms();
std::optional<Algorithm> parse_algorithm(std::string_view name);  // exact, case-sensitive
std::string_view to_string(Algorithm algorithm);
// The algorithm of a key that names none: RS256 for RSA, else the one its type has.
Algorithm default_algorithm(crypto::KeyType type);
// Left half of the hash, base64url (OpenID Connect Core §3.1.3.6).
std::string half_hash(Algorithm algorithm, std::string_view text);

}  // namespace oidc::jose

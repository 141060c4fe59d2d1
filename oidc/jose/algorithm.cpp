#include "oidc/jose/algorithm.h"

#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"

namespace oidc::jose {
namespace {

using crypto::KeyType;
using crypto::SignatureScheme;

// In the order of the enumeration.
constexpr AlgorithmRow kRows[] = {
    {Algorithm::RS256, "RS256", KeyType::rsa, SignatureScheme::rs256, "SHA-256"},
    {Algorithm::RS384, "RS384", KeyType::rsa, SignatureScheme::rs384, "SHA-384"},
    {Algorithm::RS512, "RS512", KeyType::rsa, SignatureScheme::rs512, "SHA-512"},
    {Algorithm::PS256, "PS256", KeyType::rsa, SignatureScheme::ps256, "SHA-256"},
    {Algorithm::PS384, "PS384", KeyType::rsa, SignatureScheme::ps384, "SHA-384"},
    {Algorithm::PS512, "PS512", KeyType::rsa, SignatureScheme::ps512, "SHA-512"},
    {Algorithm::ES256, "ES256", KeyType::ec_p256, SignatureScheme::es256, "SHA-256"},
    {Algorithm::ES384, "ES384", KeyType::ec_p384, SignatureScheme::es384, "SHA-384"},
    {Algorithm::ES512, "ES512", KeyType::ec_p521, SignatureScheme::es512, "SHA-512"},
    // Ed25519 hashes with SHA-512, which OpenID providers therefore use for at_hash too.
    {Algorithm::EdDSA, "EdDSA", KeyType::ed25519, SignatureScheme::eddsa, "SHA-512"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<std::size_t>(kRows[i].algorithm) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

const AlgorithmRow& row(Algorithm algorithm) {
  return kRows[static_cast<std::size_t>(algorithm)];
}

std::span<const AlgorithmRow> algorithms() {
  return kRows;
}

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (const AlgorithmRow& candidate : kRows) {
    if (candidate.name == name) return candidate.algorithm;
  }
  return std::nullopt;
}

std::string_view to_string(Algorithm algorithm) {
  return row(algorithm).name;
}

Algorithm default_algorithm(KeyType type) {
  for (const AlgorithmRow& candidate : kRows) {
    if (candidate.key_type == type) return candidate.algorithm;
  }
  return Algorithm::RS256;
}

std::string half_hash(Algorithm algorithm, std::string_view text) {
  const std::string_view hash = row(algorithm).hash;
  const std::string whole = hash == "SHA-256"   ? crypto::sha256(text)
                            : hash == "SHA-384" ? crypto::sha384(text)
                                                : crypto::sha512(text);
  return base64url_encode(std::string_view(whole).substr(0, whole.size() / 2));
}

}  // namespace oidc::jose

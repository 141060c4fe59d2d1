// Owns: asymmetric keys and raw signatures on OpenSSL's EVP. Which key fits which `alg` is decided
// in oidc/jose. JWS signature formats: RSA as is, ECDSA as r‖s (RFC 7518 §3.4), Ed25519 (RFC 8037).
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace oidc::crypto {

enum class KeyType { rsa, ec_p256, ec_p384, ec_p521, ed25519 };
enum class SignatureScheme { rs256, rs384, rs512, ps256, ps384, ps512, es256, es384, es512, eddsa };

// Base64url-free raw big-endian components of a public key (RFC 7518 §6).
struct PublicComponents {
  KeyType type = KeyType::rsa;
  std::string n, e;  // rsa
  std::string x, y;  // ec: fixed width; ed25519: x only
};

class PublicKey {
 public:
  // Nothing for a point off its curve, RSA below 2048 or above 8192 bits, or a weak exponent.
  static std::optional<PublicKey> from_components(const PublicComponents& components);
  KeyType type() const;
  PublicComponents components() const;
  // False for a wrong length, a scheme of another key type, or a wrong signature.
  bool verify(SignatureScheme scheme, std::string_view message, std::string_view signature) const;

  struct Impl;
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

// Safe to share between threads: each signature is made on a copy of a prepared context.
class PrivateKey {
 public:
  static PrivateKey generate(KeyType type);  // RSA: 2048 bits
  // PKCS#8 DER. Nothing when it is damaged or of a type not listed.
  static std::optional<PrivateKey> from_pkcs8(std::string_view der);
  std::string to_pkcs8() const;  // secret: seal it, wipe it
  KeyType type() const;
  PublicKey public_key() const;
  // The scheme must fit the type; nothing when OpenSSL fails.
  std::optional<std::string> sign(SignatureScheme scheme, std::string_view message) const;

  struct Impl;
  explicit PrivateKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

}  // namespace oidc::crypto

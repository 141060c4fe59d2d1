// Owns: the table of signature schemes and the prepared OpenSSL contexts of one key, for the .cpp
// files of this folder only. Specification: RFC 7518 §3.3 to §3.5, RFC 8037 §3.1.
#pragma once
#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "oidc/crypto/key.h"
#include "oidc/crypto/openssl_handle.h"

namespace oidc::crypto {

// False when `scheme` belongs to another type of key.
bool fits(SignatureScheme scheme, KeyType type);
// The scheme a key of this type uses when nothing else is asked for.
SignatureScheme usual_scheme(KeyType type);

// One key's contexts, one for each scheme, prepared at the first use. A call works on a copy:
// preparing anew costs more than copying, and a copy may be made by many threads at once.
class SignatureContexts {
 public:
  enum class Use { sign, verify };
  SignatureContexts(EVP_PKEY* key, KeyType type, Use use) : key_(key), type_(type), use_(use) {}

  // `scheme` must fit the key. Nothing when OpenSSL fails.
  std::optional<std::string> sign(SignatureScheme scheme, std::string_view message) const;
  bool verify(SignatureScheme scheme, std::string_view message, std::string_view signature) const;

 private:
  static constexpr std::size_t kSchemes = 10;

  DigestContext copy(SignatureScheme scheme) const;
  DigestContext prepare(SignatureScheme scheme) const;

  EVP_PKEY* key_;  // lives as long as the owner of this object
  KeyType type_;
  Use use_;
  mutable std::array<std::once_flag, kSchemes> once_;
  mutable std::array<DigestContext, kSchemes> prepared_;
};

}  // namespace oidc::crypto

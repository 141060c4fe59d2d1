#include "oidc/crypto/signature.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>

namespace oidc::crypto {
namespace {

using EcdsaSignature = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;

struct SchemeRow {
  KeyType type;
  const EVP_MD* (*digest)();  // null: the scheme hashes by itself
  bool pss;
};

const SchemeRow& row(SignatureScheme scheme) {
  static constexpr SchemeRow kRows[] = {
      {KeyType::rsa, sha256_algorithm, false},      // rs256
      {KeyType::rsa, sha384_algorithm, false},      // rs384
      {KeyType::rsa, sha512_algorithm, false},      // rs512
      {KeyType::rsa, sha256_algorithm, true},       // ps256
      {KeyType::rsa, sha384_algorithm, true},       // ps384
      {KeyType::rsa, sha512_algorithm, true},       // ps512
      {KeyType::ec_p256, sha256_algorithm, false},  // es256
      {KeyType::ec_p384, sha384_algorithm, false},  // es384
      {KeyType::ec_p521, sha512_algorithm, false},  // es512
      {KeyType::ed25519, nullptr, false},           // eddsa
  };
  static_assert(static_cast<std::size_t>(SignatureScheme::eddsa) + 1 == std::size(kRows));
  return kRows[static_cast<std::size_t>(scheme)];
}

// Bytes of r and of s; 0 for keys whose signatures are no such pair.
std::size_t ecdsa_width(KeyType type) {
  switch (type) {
    case KeyType::ec_p256:
      return 32;
    case KeyType::ec_p384:
      return 48;
    case KeyType::ec_p521:
      return 66;
    case KeyType::rsa:
    case KeyType::ed25519:
      return 0;
  }
  return 0;
}

std::optional<std::string> raw_from_der(const unsigned char* der, std::size_t length,
                                        std::size_t width) {
  const EcdsaSignature pair(d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(length)));
  if (!pair) return std::nullopt;
  std::string raw(2 * width, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(raw.data());
  const int bytes = static_cast<int>(width);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, bytes) != bytes ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + width, bytes) != bytes) {
    return std::nullopt;
  }
  return raw;
}

// Empty for a wrong length and for r or s of zero. OpenSSL refuses values not below the order.
std::string der_from_raw(std::string_view raw, std::size_t width) {
  if (raw.size() != 2 * width) return {};
  const int bytes = static_cast<int>(width);
  Number r(BN_bin2bn(bytes_of(raw), bytes, nullptr));
  Number s(BN_bin2bn(bytes_of(raw) + width, bytes, nullptr));
  const EcdsaSignature pair(ECDSA_SIG_new());
  if (!r || !s || !pair || BN_is_zero(r.get()) || BN_is_zero(s.get())) return {};
  ECDSA_SIG_set0(pair.get(), r.release(), s.release());
  const int length = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (length <= 0) return {};
  std::string der(static_cast<std::size_t>(length), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  if (i2d_ECDSA_SIG(pair.get(), &out) != length) return {};
  return der;
}

}  // namespace

bool fits(SignatureScheme scheme, KeyType type) {
  return row(scheme).type == type;
}

SignatureScheme usual_scheme(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return SignatureScheme::rs256;
    case KeyType::ec_p256:
      return SignatureScheme::es256;
    case KeyType::ec_p384:
      return SignatureScheme::es384;
    case KeyType::ec_p521:
      return SignatureScheme::es512;
    case KeyType::ed25519:
      return SignatureScheme::eddsa;
  }
  return SignatureScheme::rs256;
}

DigestContext SignatureContexts::prepare(SignatureScheme scheme) const {
  const SchemeRow& wanted = row(scheme);
  const EVP_MD* const digest = wanted.digest ? wanted.digest() : nullptr;
  DigestContext context(EVP_MD_CTX_new());
  if (!context) return nullptr;
  EVP_PKEY_CTX* parameters = nullptr;  // owned by `context`
  const auto init = use_ == Use::sign ? EVP_DigestSignInit : EVP_DigestVerifyInit;
  if (init(context.get(), &parameters, digest, nullptr, key_) != 1) return nullptr;
  if (type_ == KeyType::rsa) {
    const int padding = wanted.pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    if (EVP_PKEY_CTX_set_rsa_padding(parameters, padding) != 1) return nullptr;
  }
  if (wanted.pss && (EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, digest) != 1 ||
                     EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return nullptr;
  }
  return context;
}

DigestContext SignatureContexts::copy(SignatureScheme scheme) const {
  const auto index = static_cast<std::size_t>(scheme);
  std::call_once(once_[index], [&] { prepared_[index] = prepare(scheme); });
  DigestContext context(EVP_MD_CTX_new());
  if (!prepared_[index] || !context ||
      EVP_MD_CTX_copy_ex(context.get(), prepared_[index].get()) != 1) {
    return nullptr;
  }
  // The copy is used once, so OpenSSL need not copy it again to keep it open for more data.
  EVP_MD_CTX_set_flags(context.get(), EVP_MD_CTX_FLAG_FINALISE);
  return context;
}

std::optional<std::string> SignatureContexts::sign(SignatureScheme scheme,
                                                   std::string_view message) const {
  const ErrorScope errors;
  const DigestContext context = copy(scheme);
  if (!context) return std::nullopt;
  std::array<unsigned char, 1024> out;  // RSA of 8192 bits, the longest
  std::size_t length = out.size();
  if (EVP_DigestSign(context.get(), out.data(), &length, bytes_of(message), message.size()) != 1) {
    return std::nullopt;
  }
  if (const std::size_t width = ecdsa_width(type_)) return raw_from_der(out.data(), length, width);
  return std::string(reinterpret_cast<const char*>(out.data()), length);
}

bool SignatureContexts::verify(SignatureScheme scheme, std::string_view message,
                               std::string_view signature) const {
  const ErrorScope errors;
  std::string der;
  if (const std::size_t width = ecdsa_width(type_)) {
    der = der_from_raw(signature, width);
    if (der.empty()) return false;
    signature = der;
  } else if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key_))) {
    return false;
  }
  const DigestContext context = copy(scheme);
  return context && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                     bytes_of(message), message.size()) == 1;
}

}  // namespace oidc::crypto

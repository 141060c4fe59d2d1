#include "oidc/crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>

#include "oidc/crypto/openssl_handle.h"

namespace oidc::crypto {
namespace {

using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeWith<EVP_MAC_CTX_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, FreeWith<EVP_KDF_CTX_free>>;

std::string digest(const EVP_MD* md, std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned int length = 0;
  if (EVP_Digest(bytes_of(bytes), bytes.size(), out.data(), &length, md, nullptr) != 1) {
    end_process("digest");
  }
  return std::string(reinterpret_cast<const char*>(out.data()), length);
}

EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  if (!mac) end_process("HMAC");
  return mac;
}

EVP_KDF* hkdf_algorithm() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  if (!kdf) end_process("HKDF");
  return kdf;
}

OSSL_PARAM sha256_parameter() {
  static char name[] = "SHA256";
  return OSSL_PARAM_construct_utf8_string(OSSL_ALG_PARAM_DIGEST, name, 0);
}

}  // namespace

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const md = fetched_digest("SHA2-256");
  return md;
}

const EVP_MD* sha384_algorithm() {
  static const EVP_MD* const md = fetched_digest("SHA2-384");
  return md;
}

const EVP_MD* sha512_algorithm() {
  static const EVP_MD* const md = fetched_digest("SHA2-512");
  return md;
}

std::string sha256(std::string_view bytes) {
  return digest(sha256_algorithm(), bytes);
}
std::string sha384(std::string_view bytes) {
  return digest(sha384_algorithm(), bytes);
}
std::string sha512(std::string_view bytes) {
  return digest(sha512_algorithm(), bytes);
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  const MacContext context(EVP_MAC_CTX_new(hmac_algorithm()));
  const OSSL_PARAM parameters[] = {sha256_parameter(), OSSL_PARAM_construct_end()};
  std::string out(32, '\0');
  std::size_t length = 0;
  if (!context || EVP_MAC_init(context.get(), bytes_of(key), key.size(), parameters) != 1 ||
      EVP_MAC_update(context.get(), bytes_of(bytes), bytes.size()) != 1 ||
      EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length,
                    out.size()) != 1 ||
      length != out.size()) {
    end_process("HMAC");
  }
  return out;
}

std::string hkdf_sha256(std::string_view key, std::string_view label, std::size_t length) {
  const KdfContext context(EVP_KDF_CTX_new(hkdf_algorithm()));
  const OSSL_PARAM parameters[] = {
      sha256_parameter(),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                        const_cast<unsigned char*>(bytes_of(key)), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
                                        const_cast<unsigned char*>(bytes_of(label)), label.size()),
      OSSL_PARAM_construct_end()};
  std::string out(length, '\0');
  if (!context || EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()),
                                 out.size(), parameters) != 1) {
    end_process("HKDF");
  }
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(bytes_of(a), bytes_of(b), a.size()) == 0;
}

}  // namespace oidc::crypto

// Owns: lifetime and failure rules of OpenSSL objects, for the .cpp files of this folder only.
#pragma once
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace oidc::crypto {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using PkeyHandle = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeWith<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, FreeWith<BN_clear_free>>;

// Drops the errors that OpenSSL queued in this scope. What stays in the queue of a thread would be
// taken for a failure of the next TLS read there.
class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
  ~ErrorScope() { ERR_pop_to_mark(); }
};

// For failures after which no answer is safe: a missing algorithm, an empty random source.
[[noreturn]] inline void end_process(const char* reason) {
  std::fprintf(stderr, "latchkey: OpenSSL failed: %s\n", reason);
  std::abort();
}

inline const unsigned char* bytes_of(std::string_view text) {
  // OpenSSL takes a null pointer for "no input", which an empty view must not mean.
  return reinterpret_cast<const unsigned char*>(text.data() ? text.data() : "");
}

// Algorithms are fetched once and kept until the process ends: a fetch takes a lock, and freeing
// them at exit would race with threads that still run.
inline const EVP_MD* fetched_digest(const char* name) {
  const EVP_MD* md = EVP_MD_fetch(nullptr, name, nullptr);
  if (!md) end_process(name);
  return md;
}
const EVP_MD* sha256_algorithm();
const EVP_MD* sha384_algorithm();
const EVP_MD* sha512_algorithm();

}  // namespace oidc::crypto

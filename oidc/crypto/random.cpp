#include "oidc/crypto/random.h"

#include <openssl/rand.h>

#include <algorithm>

#include "oidc/base/base64url.h"
#include "oidc/crypto/openssl_handle.h"

namespace oidc::crypto {

std::string random_bytes(std::size_t count) {
  constexpr std::size_t kStep = 1 << 20;  // RAND_bytes counts in int
  std::string out(count, '\0');
  for (std::size_t at = 0; at < count; at += kStep) {
    const auto step = static_cast<int>(std::min(kStep, count - at));
    if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()) + at, step) != 1) {
      end_process("RAND_bytes");
    }
  }
  return out;
}

std::string random_id() {
  return base64url_encode(random_bytes(16));
}

}  // namespace oidc::crypto

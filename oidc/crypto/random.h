// Owns: random bytes from OpenSSL's CSPRNG. Ends the process if it fails: nothing is safe then.
#pragma once
#include <cstddef>
#include <string>

namespace oidc::crypto {
std::string random_bytes(std::size_t count);
}  // namespace oidc::crypto

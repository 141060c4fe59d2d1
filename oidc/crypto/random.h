// Owns: random bytes from OpenSSL's CSPRNG. Ends the process if it fails: nothing is safe then.
#pragma once
#include <cstddef>
#include <string>

namespace oidc::crypto {
std::string random_bytes(std::size_t count);
// A name that nobody can guess and that is never drawn twice: 128 bits as base64url, 22 characters.
std::string random_id();
}  // namespace oidc::crypto

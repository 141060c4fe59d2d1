// Owns: Argon2id password hashes as PHC strings (RFC 9106). Blocks for tens of milliseconds: call
// it on the password pool only. Throws std::bad_alloc when there is no memory for a hash.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "oidc/base/secret.h"

namespace oidc::crypto {
struct Argon2Cost {
  std::uint32_t memory_kib = 19456;
  std::uint32_t iterations = 2;
  std::uint32_t lanes = 1;
};
// "$argon2id$v=19$m=…,t=…,p=…$salt$hash" with 16 random bytes of salt and 32 of hash.
std::string argon2id_hash(const Password& password, const Argon2Cost& cost);
// A hash that no password has: checking against it costs what a real check costs, making it
// nothing.
std::string argon2id_decoy(const Argon2Cost& cost);
// False also when `phc` is malformed or its cost exceeds 1 GiB, 16 passes or 8 lanes.
bool argon2id_verify(std::string_view phc, const Password& password);
// True when `phc` was made with another cost, so that it should be replaced at the next sign-in.
bool argon2id_needs_rehash(std::string_view phc, const Argon2Cost& cost);
}  // namespace oidc::crypto

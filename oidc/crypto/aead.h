// Owns: AES-256-GCM sealing (NIST SP 800-38D) with a random 96-bit nonce in front.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace oidc::crypto {
// `key`: 32 bytes. Returns nonce (12) | ciphertext | tag (16). `associated` binds the place.
std::string seal(std::string_view key, std::string_view plain, std::string_view associated);
// Nothing when anything was altered, or the key or `associated` differ.
std::optional<std::string> open(std::string_view key, std::string_view sealed,
                                std::string_view associated);
}  // namespace oidc::crypto

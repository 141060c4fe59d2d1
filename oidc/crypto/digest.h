// Owns: SHA-2 digests (FIPS 180-4), HMAC (RFC 2104), HKDF (RFC 5869), comparing in constant time.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace oidc::crypto {
std::string sha256(std::string_view bytes);  // 32 raw bytes
std::string sha384(std::string_view bytes);
std::string sha512(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);
// HKDF-SHA-256 without salt; `label` is the info string.
std::string hkdf_sha256(std::string_view key, std::string_view label, std::size_t length = 32);
// Time depends on the lengths only.
bool equal_constant_time(std::string_view a, std::string_view b);
}  // namespace oidc::crypto

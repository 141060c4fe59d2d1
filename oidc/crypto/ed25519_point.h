// Owns: the check of an Ed25519 public key that OpenSSL leaves out (RFC 8032 §5.1.3). For the .cpp
// files of this folder only.
#pragma once
#include <string_view>

namespace oidc::crypto {
// True for 32 bytes that are the canonical encoding of a point on the curve, other than the eight
// points of small order, under which a signature can be right for every message.
bool is_usable_ed25519_point(std::string_view encoded);
}  // namespace oidc::crypto

// Owns: the discovery document (OpenID Connect Discovery §3, RFC 8414 §2). It states what works and
// nothing else.
#pragma once
#include <string>

#include "oidc/metadata/features.h"

namespace oidc::metadata {
// The document as JSON text. `issuer` has no trailing slash.
std::string provider_metadata(const std::string& issuer, const Features& features);
// The authentication context classes this server can reach. A password is one factor.
inline constexpr const char* kAcrPassword = "urn:latchkey:acr:pwd";
}  // namespace oidc::metadata

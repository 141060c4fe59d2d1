// Owns: the discovery document (OpenID Connect Discovery §3, RFC 8414 §2). It states what works and
// nothing else.
#pragma once
#include <string>
#include <vector>

#include "oidc/metadata/features.h"

namespace oidc::metadata {
// The document as JSON text. `issuer` has no trailing slash. `languages` are those of the pages, as
// BCP 47 tags (RFC 5646).
std::string provider_metadata(const std::string& issuer, const Features& features,
                              const std::vector<std::string>& languages);
// The authentication context classes this server can reach; oidc/interaction/acr.h orders them. A
// password is one factor; a link or code by mail shows that the person reads that mailbox, and
// counts for less.
inline constexpr const char* kAcrPassword = "urn:latchkey:acr:pwd";
inline constexpr const char* kAcrLink = "urn:latchkey:acr:link";
}  // namespace oidc::metadata

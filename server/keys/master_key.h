// Owns: the master key file, which seals every stored private key. The database alone opens
// nothing.
#pragma once
#include <expected>
#include <string>

#include "oidc/base/secret.h"

namespace server::keys {

// 32 bytes, kept as one line of base64url, mode 0600. With `create`, a missing file is made (a race
// of two processes ends with one file). Errors: one sentence.
std::expected<oidc::KeyBytes, std::string> load_master_key(const std::string& path, bool create);
// A key that lives as long as the process: `latchkey dev` without a data directory.
oidc::KeyBytes throwaway_master_key();

}  // namespace server::keys

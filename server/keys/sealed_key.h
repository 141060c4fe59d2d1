// Owns: how keys lie in the database: sealed under a key derived from the master key, and bound to
// their row. For this folder only.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/secret.h"
#include "oidc/base/time.h"
#include "oidc/jose/algorithm.h"
#include "oidc/jose/jwk.h"
#include "server/store/store.h"

namespace server::keys {

// 32 bytes.
std::string wrapping_key(const oidc::KeyBytes& master_key);

// A fresh key, with the state "active" if it signs at once.
store::SigningKeyRow make_signing_key(oidc::jose::Algorithm algorithm, const std::string& wrap,
                                      oidc::TimePoint signs_from, oidc::TimePoint now);
store::PurposeKeyRow make_purpose_key(std::string_view purpose, const std::string& wrap,
                                      oidc::TimePoint now);

struct OpenedKey {
  oidc::jose::Algorithm algorithm;
  oidc::crypto::PrivateKey key;
  oidc::jose::Jwk jwk;  // its public half
};
// Errors: a sentence. What is published is the half of a key that somebody with the master key put
// there, never what merely stands in the row.
std::expected<OpenedKey, std::string> open_signing_key(const std::string& wrap,
                                                       const store::SigningKeyRow& row);
std::expected<oidc::KeyBytes, std::string> open_purpose_key(const std::string& wrap,
                                                            const store::PurposeKeyRow& row);

}  // namespace server::keys

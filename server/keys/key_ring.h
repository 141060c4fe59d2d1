// Owns: the signing keys and purpose keys in memory, opened with the master key; the JWKS document;
// signing. RFC 7517, RFC 7638. The states announced, active, verifying, retired stand in the
// database: keys in the first three are published, those in "active" sign.
#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/secret.h"
#include "oidc/base/time.h"
#include "oidc/jose/jws.h"
#include "server/runtime/task.h"
#include "server/store/store.h"

namespace server::keys {

class KeyRing {
 public:
  // Reads the keys, or makes the first set (RS256, ES256, purpose keys). Errors: one sentence, such
  // as that the master key does not open what the database holds.
  static runtime::Task<std::expected<std::unique_ptr<KeyRing>, std::string>> open(
      store::Store& store, oidc::KeyBytes master_key, oidc::TimePoint now);

  // The JWKS document (RFC 7517 §5): public members only.
  const std::string& jwks() const { return jwks_; }
  const std::vector<oidc::jose::Jwk>& verification_keys() const { return published_; }
  // Nothing when no active key fits or OpenSSL fails. Safe from any thread.
  std::optional<std::string> sign(oidc::jose::Algorithm algorithm, std::string_view typ,
                                  std::string_view payload) const;

  // 32 bytes for one purpose ("seal", "throttle", "device_cookie"), the same on every node.
  std::string_view purpose_key(std::string_view purpose) const;

 private:
  struct ActiveKey {
    oidc::jose::Algorithm algorithm;
    std::string kid;
    oidc::crypto::PrivateKey key;
  };
  std::vector<ActiveKey> active_;
  std::vector<oidc::jose::Jwk> published_;
  std::string jwks_;
  std::vector<std::pair<std::string, oidc::KeyBytes>> purposes_;
};

}  // namespace server::keys

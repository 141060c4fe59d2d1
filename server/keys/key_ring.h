// Owns: the signing keys and purpose keys in memory, opened with the master key; the JWKS document;
// signing; rotation. RFC 7517, RFC 7638. Which key does what at a time is decided in key_state.h.
// The keys stand in a snapshot that never changes; refresh() puts a new one in its place.
#pragma once
#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oidc/base/secret.h"
#include "oidc/base/time.h"
#include "oidc/jose/jws.h"
#include "server/keys/key_state.h"
#include "server/runtime/task.h"
#include "server/store/store.h"

namespace server::keys {

// RS256, ES256, PS256, EdDSA: each has keys of its own.
std::vector<oidc::jose::Algorithm> signing_algorithms();

using Jwks = std::shared_ptr<const std::vector<oidc::jose::Jwk>>;

// What the ring holds, of all nodes the same within a second.
struct KeySnapshot;

class KeyRing {
 public:
  // Reads the keys, and makes those that are missing: one for each signing algorithm, the purpose
  // keys. Errors: one sentence, such as that the master key does not open what the database holds.
  static runtime::Task<std::expected<std::unique_ptr<KeyRing>, std::string>> open(
      store::Store& store, oidc::KeyBytes master_key, oidc::TimePoint now, KeyTimes times = {});
  ~KeyRing();
  KeyRing(const KeyRing&) = delete;

  // All of these are safe from any thread and take no lock.

  // The JWKS document (RFC 7517 §5): public members only. Announced, active and verifying keys.
  std::shared_ptr<const std::string> jwks() const;
  // The keys of that document: for tokens that are used.
  Jwks verification_keys() const;
  // Those, and keys whose tokens have ended but may still come as id_token_hint.
  Jwks hint_keys() const;
  // Nothing when no active key fits or OpenSSL fails.
  std::optional<std::string> sign(oidc::jose::Algorithm algorithm, std::string_view typ,
                                  std::string_view payload) const;

  // 32 bytes for one purpose, the same on every node: "seal", "throttle", "device_cookie",
  // "pairwise" (the salt of pairwise subjects), "client_secret", "mail" (what waits in the queue).
  // Never changes.
  std::string_view purpose_key(std::string_view purpose) const;

  // For clients of client_secret_jwt, whose secret is needed in clear: base64url, bound to the
  // client.
  std::string seal_client_secret(std::string_view client_id,
                                 const oidc::ClientSecret& secret) const;
  // Nothing when it was altered, or sealed for another client.
  std::optional<oidc::ClientSecret> open_client_secret(std::string_view client_id,
                                                       std::string_view sealed) const;

  // Takes up what was rotated, here or by another process, and what the time has brought. True when
  // something changed. Errors: one sentence; what is known then moves with the time alone. One
  // caller at a time.
  runtime::Task<std::expected<bool, std::string>> refresh(store::Store& store, oidc::TimePoint now);
  // Makes the next key of each of `algorithms`, which signs from `plan.signs_from`. Returns their
  // kids. Errors: one sentence, such as that a rotation is under way: then none is made. Call
  // refresh() to take them up.
  runtime::Task<std::expected<std::vector<std::string>, std::string>> rotate(
      store::Store& store, std::vector<oidc::jose::Algorithm> algorithms, RotationPlan plan,
      oidc::TimePoint now) const;

 private:
  KeyRing(std::string wrap, KeyTimes times);
  std::shared_ptr<const KeySnapshot> snapshot() const;
  // Errors: one sentence. True when something changed.
  std::expected<bool, std::string> take_up(std::vector<store::SigningKeyRow> rows,
                                           oidc::TimePoint now);
  void publish(std::shared_ptr<const KeySnapshot> next);

  const oidc::KeyBytes wrap_;
  const KeyTimes times_;
  std::vector<std::pair<std::string, oidc::KeyBytes>> purposes_;
  mutable std::mutex mutex_;  // of current_; taken only when the version has changed
  std::shared_ptr<const KeySnapshot> current_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace server::keys

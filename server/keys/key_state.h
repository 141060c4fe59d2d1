// Owns: what each signing key does at a given time: a pure function of the stored rows and the
// clock, so that every node comes to the same answer without telling the others. Design: a key is
// announced for as long as applications may cache the JWKS, signs, and verifies until its last
// token has ended. Holds no key.
#pragma once
#include <chrono>
#include <string_view>
#include <vector>

#include "oidc/base/time.h"
#include "server/store/store.h"

namespace server::keys {

enum class KeyState {
  announced,  // published, signs nothing yet
  active,     // signs
  verifying,  // published; a newer one signs
  retired,    // not published
  withdrawn,  // counts as if it had never signed
};
// "announced", …
std::string_view to_string(KeyState state);

struct KeyTimes {
  // How long an ID token may still come as id_token_hint after its key has left the JWKS: as long
  // as a session can live.
  std::chrono::milliseconds kept_for_hints = std::chrono::hours(24 * 30);
};

struct KeyLife {
  KeyState state = KeyState::retired;
  bool is_for_hints = false;

  bool is_published() const { return state < KeyState::retired; }
  bool operator==(const KeyLife&) const = default;
};

// One for each row, in their order. Of an algorithm's keys the one that was the last to begin is
// active. Where the stored state says less than the times ("verifying", "retired"), it counts.
std::vector<KeyLife> lives_at(const std::vector<store::SigningKeyRow>& rows, oidc::TimePoint now,
                              const KeyTimes& times);

// When a rotation takes place.
struct RotationPlan {
  oidc::TimePoint signs_from{};
  oidc::TimePoint old_verifies_until{};
};

enum class RotationKind {
  announced,  // the new key signs when every cached JWKS holds it
  at_once,    // it signs now: an application refuses its tokens until it asks for the JWKS again
  withdraw,   // and nothing that the old keys signed counts any more
};

// `jwks_cache`: how long a JWKS may be cached. `longest_token`: the longest life of a signed token.
RotationPlan plan_rotation(RotationKind kind, std::chrono::milliseconds jwks_cache,
                           std::chrono::milliseconds longest_token, oidc::TimePoint now);

}  // namespace server::keys

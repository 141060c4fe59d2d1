#include "server/keys/key_state.h"

#include <tuple>

namespace server::keys {
namespace {

using std::chrono::milliseconds;
using store::SigningKeyRow;

// For clocks of the nodes that differ, and for the second until each has noticed.
constexpr milliseconds kMargin{5'000};

bool is_withdrawn(const SigningKeyRow& row) {
  return row.verifies_until && *row.verifies_until < row.signs_from;
}

// Nothing newer considered.
KeyState state_alone(const SigningKeyRow& row, oidc::TimePoint now) {
  if (is_withdrawn(row)) return KeyState::withdrawn;
  if (row.state == "retired" || (row.verifies_until && *row.verifies_until <= now)) {
    return KeyState::retired;
  }
  if (row.signs_from > now) return KeyState::announced;
  return row.state == "verifying" ? KeyState::verifying : KeyState::active;
}

bool begins_later(const SigningKeyRow& a, const SigningKeyRow& b) {
  return std::tie(a.signs_from, a.created_at, a.kid) > std::tie(b.signs_from, b.created_at, b.kid);
}

}  // namespace

std::string_view to_string(KeyState state) {
  switch (state) {
    case KeyState::announced:
      return "announced";
    case KeyState::active:
      return "active";
    case KeyState::verifying:
      return "verifying";
    case KeyState::retired:
      return "retired";
    case KeyState::withdrawn:
      return "withdrawn";
  }
  return "";
}

std::vector<KeyLife> lives_at(const std::vector<SigningKeyRow>& rows, oidc::TimePoint now,
                              const KeyTimes& times) {
  std::vector<KeyLife> lives;
  lives.reserve(rows.size());
  for (const auto& row : rows) lives.push_back({state_alone(row, now), false});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows.size() && lives[i].state == KeyState::active; ++j) {
      // A later one that has begun counts even when it verifies only: what came before it is older.
      const bool has_begun =
          lives[j].state == KeyState::active || lives[j].state == KeyState::verifying;
      if (has_begun && rows[j].alg == rows[i].alg && begins_later(rows[j], rows[i])) {
        lives[i].state = KeyState::verifying;
      }
    }
    const auto& until = rows[i].verifies_until;
    lives[i].is_for_hints =
        lives[i].is_published() ||
        (lives[i].state == KeyState::retired && until && now < *until + times.kept_for_hints);
  }
  return lives;
}

RotationPlan plan_rotation(RotationKind kind, milliseconds jwks_cache, milliseconds longest_token,
                           oidc::TimePoint now) {
  switch (kind) {
    case RotationKind::announced: {
      const auto from = now + jwks_cache + kMargin;
      return {from, from + longest_token + kMargin};
    }
    case RotationKind::at_once:
      return {now, now + longest_token + kMargin};
    // Before any key began.
    case RotationKind::withdraw:
      return {now, oidc::TimePoint{}};
  }
  return {};
}

}  // namespace server::keys

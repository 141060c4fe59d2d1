#include "server/keys/key_ring.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/crypto/aead.h"
#include "server/keys/sealed_key.h"

namespace server::keys {

using oidc::jose::Algorithm;
using oidc::jose::Jwk;

struct KeySnapshot {
  // Tells one snapshot from every other of the process.
  std::uint64_t version = 0;
  std::vector<store::SigningKeyRow> rows;  // without what is sealed
  std::vector<KeyLife> lives;              // of `rows`
  // Each key that is of use, by kid.
  std::vector<std::shared_ptr<const OpenedKey>> held;
  std::vector<std::shared_ptr<const OpenedKey>> active;
  std::vector<Jwk> published;
  std::vector<Jwk> hints;
  std::string jwks;
};

namespace {

constexpr std::array kAlgorithms = {Algorithm::RS256, Algorithm::ES256, Algorithm::PS256,
                                    Algorithm::EdDSA};
constexpr std::array<std::string_view, 6> kPurposes = {
    "seal", "throttle", "device_cookie", "pairwise", "client_secret", "mail"};
const store::Actor kOperator{"operator", ""};

std::uint64_t next_version() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::string unreadable(const store::StoreError& error) {
  return "The keys cannot be read: " + error.detail;
}

std::string secret_place(std::string_view client_id) {
  return "client_secret|" + std::string(client_id);
}

std::shared_ptr<const OpenedKey> find_held(const KeySnapshot* snapshot, std::string_view kid) {
  if (!snapshot) return nullptr;
  const auto found = std::ranges::find_if(snapshot->held,
                                          [kid](const auto& held) { return held->jwk.kid == kid; });
  return found == snapshot->held.end() ? nullptr : *found;
}

bool is_missing(const std::vector<store::SigningKeyRow>& rows, Algorithm algorithm) {
  return std::ranges::none_of(rows, [algorithm](const store::SigningKeyRow& row) {
    return row.alg == oidc::jose::to_string(algorithm);
  });
}

bool same_keys(const std::vector<store::SigningKeyRow>& a,
               const std::vector<store::SigningKeyRow>& b) {
  return std::ranges::equal(a, b, {}, &store::SigningKeyRow::kid, &store::SigningKeyRow::kid);
}

// Errors: a sentence. `known` lends the keys that it has opened already.
std::expected<std::shared_ptr<const KeySnapshot>, std::string> make_snapshot(
    std::vector<store::SigningKeyRow> rows, std::vector<KeyLife> lives, const KeySnapshot* known,
    const std::string& wrap) {
  auto next = std::make_shared<KeySnapshot>();
  auto keys = nlohmann::json::array();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!lives[i].is_published() && !lives[i].is_for_hints) continue;
    auto held = find_held(known, rows[i].kid);
    if (!held) {
      auto opened = open_signing_key(wrap, rows[i]);
      if (!opened) return std::unexpected(opened.error());
      held = std::make_shared<const OpenedKey>(std::move(*opened));
    }
    next->held.push_back(held);
    if (lives[i].is_for_hints) next->hints.push_back(held->jwk);
    if (!lives[i].is_published()) continue;
    next->published.push_back(held->jwk);
    keys.push_back(oidc::jose::to_json(held->jwk));
    if (lives[i].state == KeyState::active) next->active.push_back(held);
  }
  for (auto& row : rows) row.sealed_private.clear();
  next->rows = std::move(rows);
  next->lives = std::move(lives);
  next->jwks = nlohmann::json{{"keys", std::move(keys)}}.dump();
  next->version = next_version();
  return next;
}

}  // namespace

std::vector<Algorithm> signing_algorithms() {
  return {kAlgorithms.begin(), kAlgorithms.end()};
}

KeyRing::KeyRing(std::string wrap, KeyTimes times) : wrap_(std::move(wrap)), times_(times) {}

KeyRing::~KeyRing() = default;

runtime::Task<std::expected<std::unique_ptr<KeyRing>, std::string>> KeyRing::open(
    store::Store& store, oidc::KeyBytes master_key, oidc::TimePoint now, KeyTimes times) {
  auto ring = std::unique_ptr<KeyRing>(new KeyRing(wrapping_key(master_key), times));
  const std::string& wrap = ring->wrap_.reveal();
  auto rows = co_await store.list_signing_keys();
  if (!rows) co_return std::unexpected(unreadable(rows.error()));
  // Only when the master key has proved to be the right one may something be sealed under it.
  if (auto taken = ring->take_up(*rows, now); !taken) co_return std::unexpected(taken.error());
  std::vector<store::SigningKeyRow> fresh;
  for (const auto algorithm : kAlgorithms) {
    if (is_missing(*rows, algorithm)) {
      fresh.push_back(make_signing_key(algorithm, wrap, now, now));
    }
  }
  if (!fresh.empty()) {
    rows = co_await store.ensure_signing_keys(std::move(fresh), kOperator, now);
    if (!rows) co_return std::unexpected(unreadable(rows.error()));
    if (auto taken = ring->take_up(std::move(*rows), now); !taken) {
      co_return std::unexpected(taken.error());
    }
  }
  std::vector<store::PurposeKeyRow> fresh_purposes;
  fresh_purposes.reserve(kPurposes.size());
  for (const auto purpose : kPurposes) {
    fresh_purposes.push_back(make_purpose_key(purpose, wrap, now));
  }
  auto purposes = co_await store.ensure_purpose_keys(std::move(fresh_purposes));
  if (!purposes) co_return std::unexpected(unreadable(purposes.error()));
  for (const auto& row : *purposes) {
    auto bytes = open_purpose_key(wrap, row);
    if (!bytes) co_return std::unexpected(bytes.error());
    ring->purposes_.emplace_back(row.purpose, std::move(*bytes));
  }
  co_return ring;
}

std::shared_ptr<const KeySnapshot> KeyRing::snapshot() const {
  // One comparison for as long as nothing changes.
  struct Seen {
    std::uint64_t version = 0;
    std::shared_ptr<const KeySnapshot> snapshot;
  };
  thread_local Seen seen;
  if (seen.version != version_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    seen = {current_->version, current_};
  }
  return seen.snapshot;
}

void KeyRing::publish(std::shared_ptr<const KeySnapshot> next) {
  const std::lock_guard lock(mutex_);
  current_ = std::move(next);
  version_.store(current_->version, std::memory_order_release);
}

std::expected<bool, std::string> KeyRing::take_up(std::vector<store::SigningKeyRow> rows,
                                                  oidc::TimePoint now) {
  const auto known = current_ ? snapshot() : nullptr;
  auto lives = lives_at(rows, now, times_);
  if (known && same_keys(known->rows, rows) && known->lives == lives) return false;
  auto next = make_snapshot(std::move(rows), std::move(lives), known.get(), wrap_.reveal());
  if (!next) return std::unexpected(next.error());
  publish(std::move(*next));
  return true;
}

std::shared_ptr<const std::string> KeyRing::jwks() const {
  auto held = snapshot();
  const auto* text = &held->jwks;
  return {std::move(held), text};
}

Jwks KeyRing::verification_keys() const {
  auto held = snapshot();
  const auto* keys = &held->published;
  return {std::move(held), keys};
}

Jwks KeyRing::hint_keys() const {
  auto held = snapshot();
  const auto* keys = &held->hints;
  return {std::move(held), keys};
}

std::optional<std::string> KeyRing::sign(Algorithm algorithm, std::string_view typ,
                                         std::string_view payload) const {
  const auto held = snapshot();
  for (const auto& active : held->active) {
    if (active->algorithm == algorithm) {
      return oidc::jose::sign_jws(active->key, algorithm, active->jwk.kid, typ, payload);
    }
  }
  return std::nullopt;
}

std::string_view KeyRing::purpose_key(std::string_view purpose) const {
  for (const auto& [name, key] : purposes_) {
    if (name == purpose) return key.reveal();
  }
  return {};
}

std::string KeyRing::seal_client_secret(std::string_view client_id,
                                        const oidc::ClientSecret& secret) const {
  return oidc::base64url_encode(
      oidc::crypto::seal(purpose_key("client_secret"), secret.reveal(), secret_place(client_id)));
}

std::optional<oidc::ClientSecret> KeyRing::open_client_secret(std::string_view client_id,
                                                              std::string_view sealed) const {
  const auto bytes = oidc::base64url_decode(sealed);
  auto plain =
      bytes ? oidc::crypto::open(purpose_key("client_secret"), *bytes, secret_place(client_id))
            : std::nullopt;
  if (!plain) return std::nullopt;
  return oidc::ClientSecret(std::move(*plain));
}

runtime::Task<std::expected<bool, std::string>> KeyRing::refresh(store::Store& store,
                                                                 oidc::TimePoint now) {
  auto rows = co_await store.list_signing_keys();
  std::string trouble;
  if (rows && !rows->empty()) {
    auto taken = take_up(std::move(*rows), now);
    if (taken) co_return *taken;
    trouble = taken.error();
  } else {
    trouble = rows ? "The database holds no keys any more." : unreadable(rows.error());
  }
  // What is known goes on: an announced key begins to sign, another one ends.
  (void)take_up(snapshot()->rows, now);
  co_return std::unexpected(std::move(trouble));
}

runtime::Task<std::expected<std::vector<std::string>, std::string>> KeyRing::rotate(
    store::Store& store, std::vector<Algorithm> algorithms, RotationPlan plan,
    oidc::TimePoint now) const {
  const auto under_way = [](Algorithm algorithm) {
    return "A rotation of " + std::string(oidc::jose::to_string(algorithm)) +
           " is under way: its next key is announced and does not sign yet (latchkey keys list "
           "says from when).";
  };
  const auto rows = co_await store.list_signing_keys();
  if (!rows) co_return std::unexpected(unreadable(rows.error()));
  // All or none, as far as can be seen before.
  for (const auto& row : *rows) {
    const auto algorithm = oidc::jose::parse_algorithm(row.alg);
    if (algorithm && plan.signs_from > now && row.signs_from > now &&
        std::ranges::find(algorithms, *algorithm) != algorithms.end()) {
      co_return std::unexpected(under_way(*algorithm));
    }
  }
  std::vector<std::string> kids;
  for (const auto algorithm : algorithms) {
    auto row = make_signing_key(algorithm, wrap_.reveal(), plan.signs_from, now);
    kids.push_back(row.kid);
    const auto kept_until = std::max(plan.old_verifies_until, now) + times_.kept_for_hints;
    const auto done = co_await store.rotate_signing_key(std::move(row), plan.old_verifies_until,
                                                        kOperator, now, kept_until);
    if (!done) co_return std::unexpected("The key cannot be kept: " + done.error().detail);
    if (!*done) co_return std::unexpected(under_way(algorithm));
  }
  co_return kids;
}

}  // namespace server::keys

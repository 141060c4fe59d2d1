#include "server/keys/key_ring.h"

#include <array>
#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/crypto/aead.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/random.h"

namespace server::keys {
namespace {

using oidc::crypto::PrivateKey;
using oidc::jose::Algorithm;
using oidc::jose::Jwk;

constexpr std::array<std::string_view, 3> kPurposes = {"seal", "throttle", "device_cookie"};
const store::Actor kOperator{"operator", ""};

// Bound to its row: moved to another row, or to another column, a sealed key does not open.
std::string signing_place(std::string_view kid, std::string_view alg) {
  return "signing_keys|" + std::string(kid) + "|" + std::string(alg);
}
std::string purpose_place(std::string_view id, std::string_view purpose) {
  return "purpose_keys|" + std::string(id) + "|" + std::string(purpose);
}

std::string wrapping_key(const oidc::KeyBytes& master_key) {
  return oidc::crypto::hkdf_sha256(master_key.reveal(), "latchkey key wrapping v1");
}

store::SigningKeyRow make_signing_key(Algorithm algorithm, const std::string& wrap,
                                      oidc::TimePoint now) {
  const auto& row = oidc::jose::row(algorithm);
  const auto key = PrivateKey::generate(row.key_type);
  const Jwk jwk{oidc::jose::thumbprint(key.public_key()), algorithm, "sig", key.public_key()};
  std::string der = key.to_pkcs8();
  const auto sealed = oidc::crypto::seal(wrap, der, signing_place(jwk.kid, row.name));
  oidc::wipe(der);
  return {.kid = jwk.kid,
          .alg = std::string(row.name),
          .state = "active",
          .public_jwk = oidc::jose::to_json(jwk).dump(),
          .sealed_private = oidc::base64url_encode(sealed),
          .created_at = now,
          .signs_from = now};
}

store::PurposeKeyRow make_purpose_key(std::string_view purpose, const std::string& wrap,
                                      oidc::TimePoint now) {
  const std::string id = oidc::base64url_encode(oidc::crypto::random_bytes(9));
  std::string bytes = oidc::crypto::random_bytes(32);
  const auto sealed = oidc::crypto::seal(wrap, bytes, purpose_place(id, purpose));
  oidc::wipe(bytes);
  return {id, std::string(purpose), oidc::base64url_encode(sealed), now};
}

std::optional<std::string> unwrap(const std::string& wrap, const std::string& sealed,
                                  const std::string& place) {
  const auto bytes = oidc::base64url_decode(sealed);
  if (!bytes) return std::nullopt;
  return oidc::crypto::open(wrap, *bytes, place);
}

constexpr const char* kWrongMasterKey =
    "The master key does not open the keys in the database: it is not the key that this database "
    "was made with, or the database was altered.";

// Errors: a sentence. The place binds kid and alg, the thumbprint binds the key to its kid.
std::expected<PrivateKey, std::string> open_signing_key(const std::string& wrap,
                                                        const store::SigningKeyRow& row) {
  auto der = unwrap(wrap, row.sealed_private, signing_place(row.kid, row.alg));
  if (!der) return std::unexpected(kWrongMasterKey);
  auto key = PrivateKey::from_pkcs8(*der);
  oidc::wipe(*der);
  if (!key || oidc::jose::thumbprint(key->public_key()) != row.kid) {
    return std::unexpected("The signing key " + row.kid + " in the database is damaged.");
  }
  return std::move(*key);
}

}  // namespace

runtime::Task<std::expected<std::unique_ptr<KeyRing>, std::string>> KeyRing::open(
    store::Store& store, oidc::KeyBytes master_key, oidc::TimePoint now) {
  const std::string wrap = wrapping_key(master_key);
  auto rows = co_await store.list_signing_keys();
  if (rows && rows->empty()) {
    std::vector<store::SigningKeyRow> fresh;
    for (const auto algorithm : {Algorithm::RS256, Algorithm::ES256}) {
      fresh.push_back(make_signing_key(algorithm, wrap, now));
    }
    rows = co_await store.ensure_signing_keys(std::move(fresh), kOperator, now);
  }
  if (!rows) co_return std::unexpected("The keys cannot be read: " + rows.error().detail);
  auto ring = std::unique_ptr<KeyRing>(new KeyRing);
  nlohmann::json keys = nlohmann::json::array();
  for (const auto& row : *rows) {
    if (row.state == "retired") continue;
    // Each is opened, whether it signs or not: what is published is the half of a key that somebody
    // with the master key put there, never what merely stands in the database.
    auto key = open_signing_key(wrap, row);
    if (!key) co_return std::unexpected(key.error());
    const auto algorithm = oidc::jose::parse_algorithm(row.alg);
    if (!algorithm || oidc::jose::row(*algorithm).key_type != key->type()) {
      co_return std::unexpected("The signing key " + row.kid + " in the database is damaged.");
    }
    Jwk jwk{row.kid, algorithm, "sig", key->public_key()};
    keys.push_back(oidc::jose::to_json(jwk));
    ring->published_.push_back(std::move(jwk));
    if (row.state == "active" && row.signs_from <= now) {
      ring->active_.push_back({*algorithm, row.kid, std::move(*key)});
    }
  }
  ring->jwks_ = nlohmann::json{{"keys", std::move(keys)}}.dump();
  // Only now that the master key has proved to be the right one may something be sealed under it.
  std::vector<store::PurposeKeyRow> fresh_purposes;
  for (const auto purpose : kPurposes) {
    fresh_purposes.push_back(make_purpose_key(purpose, wrap, now));
  }
  auto purposes = co_await store.ensure_purpose_keys(std::move(fresh_purposes));
  if (!purposes) {
    co_return std::unexpected("The keys cannot be read: " + purposes.error().detail);
  }
  for (const auto& row : *purposes) {
    auto bytes = unwrap(wrap, row.sealed, purpose_place(row.id, row.purpose));
    if (!bytes) co_return std::unexpected(kWrongMasterKey);
    ring->purposes_.emplace_back(row.purpose, oidc::KeyBytes(std::move(*bytes)));
  }
  co_return ring;
}

std::optional<std::string> KeyRing::sign(Algorithm algorithm, std::string_view typ,
                                         std::string_view payload) const {
  for (const auto& active : active_) {
    if (active.algorithm == algorithm) {
      return oidc::jose::sign_jws(active.key, algorithm, active.kid, typ, payload);
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

}  // namespace server::keys

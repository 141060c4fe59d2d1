#include "server/keys/sealed_key.h"

#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/crypto/aead.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/random.h"

namespace server::keys {
namespace {

using oidc::crypto::PrivateKey;
using oidc::jose::Jwk;

constexpr const char* kWrongMasterKey =
    "The master key does not open the keys in the database: it is not the key that this database "
    "was made with, or the database was altered.";

// Bound to its row: moved to another row, or to another column, a sealed key does not open.
std::string signing_place(std::string_view kid, std::string_view alg) {
  return "signing_keys|" + std::string(kid) + "|" + std::string(alg);
}
std::string purpose_place(std::string_view id, std::string_view purpose) {
  return "purpose_keys|" + std::string(id) + "|" + std::string(purpose);
}

std::optional<std::string> unwrap(const std::string& wrap, const std::string& sealed,
                                  const std::string& place) {
  const auto bytes = oidc::base64url_decode(sealed);
  if (!bytes) return std::nullopt;
  return oidc::crypto::open(wrap, *bytes, place);
}

}  // namespace

std::string wrapping_key(const oidc::KeyBytes& master_key) {
  return oidc::crypto::hkdf_sha256(master_key.reveal(), "latchkey key wrapping v1");
}

store::SigningKeyRow make_signing_key(oidc::jose::Algorithm algorithm, const std::string& wrap,
                                      oidc::TimePoint signs_from, oidc::TimePoint now) {
  const auto& row = oidc::jose::row(algorithm);
  const auto key = PrivateKey::generate(row.key_type);
  const Jwk jwk{oidc::jose::thumbprint(key.public_key()), algorithm, "sig", key.public_key()};
  std::string der = key.to_pkcs8();
  const auto sealed = oidc::crypto::seal(wrap, der, signing_place(jwk.kid, row.name));
  oidc::wipe(der);
  return {.kid = jwk.kid,
          .alg = std::string(row.name),
          .state = signs_from > now ? "announced" : "active",
          .public_jwk = oidc::jose::to_json(jwk).dump(),
          .sealed_private = oidc::base64url_encode(sealed),
          .created_at = now,
          .signs_from = signs_from,
          .verifies_until = std::nullopt};
}

store::PurposeKeyRow make_purpose_key(std::string_view purpose, const std::string& wrap,
                                      oidc::TimePoint now) {
  const std::string id = oidc::base64url_encode(oidc::crypto::random_bytes(9));
  std::string bytes = oidc::crypto::random_bytes(32);
  const auto sealed = oidc::crypto::seal(wrap, bytes, purpose_place(id, purpose));
  oidc::wipe(bytes);
  return {id, std::string(purpose), oidc::base64url_encode(sealed), now};
}

std::expected<OpenedKey, std::string> open_signing_key(const std::string& wrap,
                                                       const store::SigningKeyRow& row) {
  // The place binds kid and alg, the thumbprint binds the key to its kid.
  auto der = unwrap(wrap, row.sealed_private, signing_place(row.kid, row.alg));
  if (!der) return std::unexpected(kWrongMasterKey);
  auto key = PrivateKey::from_pkcs8(*der);
  oidc::wipe(*der);
  const auto algorithm = oidc::jose::parse_algorithm(row.alg);
  if (!key || !algorithm || oidc::jose::row(*algorithm).key_type != key->type() ||
      oidc::jose::thumbprint(key->public_key()) != row.kid) {
    return std::unexpected("The signing key " + row.kid + " in the database is damaged.");
  }
  Jwk jwk{row.kid, algorithm, "sig", key->public_key()};
  return OpenedKey{*algorithm, std::move(*key), std::move(jwk)};
}

std::expected<oidc::KeyBytes, std::string> open_purpose_key(const std::string& wrap,
                                                            const store::PurposeKeyRow& row) {
  auto bytes = unwrap(wrap, row.sealed, purpose_place(row.id, row.purpose));
  if (!bytes) return std::unexpected(kWrongMasterKey);
  return oidc::KeyBytes(std::move(*bytes));
}

}  // namespace server::keys

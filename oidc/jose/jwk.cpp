#include "oidc/jose/jwk.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/crypto/digest.h"

namespace oidc::jose {
namespace {

using crypto::KeyType;
using nlohmann::json;

constexpr std::size_t kMostKeys = 50;
constexpr std::size_t kMostKidBytes = 255;

// Why a key cannot be had. A set leaves out keys that are only of no use here (RFC 7517 §5); one
// that is harmful or broken makes the whole set an error.
struct Refusal {
  bool harmless = false;
  std::string description;
};
template <class T>
using Checked = std::expected<T, Refusal>;

std::unexpected<Refusal> broken(std::string description) {
  return std::unexpected(Refusal{false, std::move(description)});
}
std::unexpected<Refusal> foreign(std::string description) {
  return std::unexpected(Refusal{true, std::move(description)});
}

struct Curve {
  std::string_view kty, crv;
  KeyType type;
};
constexpr Curve kCurves[] = {{"EC", "P-256", KeyType::ec_p256},
                             {"EC", "P-384", KeyType::ec_p384},
                             {"EC", "P-521", KeyType::ec_p521},
                             {"OKP", "Ed25519", KeyType::ed25519}};

std::string_view curve_name(KeyType type) {
  for (const Curve& curve : kCurves) {
    if (curve.type == type) return curve.crv;
  }
  return {};
}

// The string member `name`; empty when absent. An error when it is no string.
Checked<std::string> text_member(const json& value, std::string_view name) {
  const auto found = value.find(name);
  if (found == value.end()) return std::string();
  if (!found->is_string()) {
    return broken("The JWK member " + std::string(name) + " must be a string.");
  }
  return found->get<std::string>();
}

// A number or coordinate (RFC 7518 §6): base64url, not empty.
Checked<std::string> bytes_member(const json& value, std::string_view name) {
  const auto text = string_member(value, name);
  auto bytes = text ? base64url_decode(*text) : std::nullopt;
  if (!bytes || bytes->empty()) {
    return broken("The JWK member " + std::string(name) + " must be base64url without padding.");
  }
  return std::move(*bytes);
}

Checked<crypto::PublicKey> public_key(const crypto::PublicComponents& components) {
  auto key = crypto::PublicKey::from_components(components);
  if (key) return std::move(*key);
  if (components.type == KeyType::rsa) {
    return broken("The RSA JWK must have 2048 to 8192 bits and an odd exponent from 65537 on.");
  }
  return broken("The JWK is no point on its curve, or a coordinate has the wrong length.");
}

Checked<crypto::PublicKey> parse_rsa(const json& value) {
  crypto::PublicComponents components;
  auto n = bytes_member(value, "n");
  if (!n) return std::unexpected(n.error());
  auto e = bytes_member(value, "e");
  if (!e) return std::unexpected(e.error());
  // RFC 7518 §2, Base64urlUInt: as few octets as the number needs.
  if (n->front() == '\0' || e->front() == '\0') {
    return broken("The JWK members n and e must not start with a zero octet.");
  }
  components.n = std::move(*n);
  components.e = std::move(*e);
  return public_key(components);
}

Checked<crypto::PublicKey> parse_curve(const json& value, std::string_view kty) {
  const auto crv = text_member(value, "crv");
  if (!crv) return std::unexpected(crv.error());
  for (const Curve& curve : kCurves) {
    if (curve.kty != kty || curve.crv != *crv) continue;
    crypto::PublicComponents components;
    components.type = curve.type;
    auto x = bytes_member(value, "x");
    if (!x) return std::unexpected(x.error());
    components.x = std::move(*x);
    if (kty == "EC") {
      auto y = bytes_member(value, "y");
      if (!y) return std::unexpected(y.error());
      components.y = std::move(*y);
    }
    return public_key(components);
  }
  return foreign("The JWK member crv must be P-256, P-384, P-521 or Ed25519.");
}

// RFC 7517 §4.2 and §4.3: is the key meant for verifying, or for encryption?
Checked<std::string> parse_use(const json& value) {
  auto use = text_member(value, "use");
  if (!use) return use;
  if (!use->empty() && *use != "sig" && *use != "enc") {
    return foreign("The JWK member use must be sig or enc.");
  }
  const auto operations = value.find("key_ops");
  if (operations == value.end()) return use;
  if (!operations->is_array()) return broken("The JWK member key_ops must be an array.");
  const bool verifies = std::ranges::any_of(
      *operations, [](const json& operation) { return operation == json("verify"); });
  if (!verifies && *use != "enc") return foreign("The JWK member key_ops does not hold verify.");
  return use;
}

Checked<Jwk> read(const json& value) {
  if (!value.is_object()) return broken("A JWK must be a JSON object.");
  for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}) {
    if (value.contains(name)) {
      return broken("The JWK holds the private member " + std::string(name) +
                    ": replace this key, and give its public half only.");
    }
  }
  const auto kty = text_member(value, "kty");
  if (!kty) return std::unexpected(kty.error());
  if (kty->empty()) return broken("The JWK member kty is missing.");
  if (*kty == "oct") return broken("A symmetric JWK is not accepted.");
  auto kid = text_member(value, "kid");
  if (!kid) return std::unexpected(kid.error());
  if (kid->size() > kMostKidBytes || !is_clean_utf8(*kid)) {
    return broken("The JWK member kid is longer than 255 bytes or holds a NUL character.");
  }
  auto use = parse_use(value);
  if (!use) return std::unexpected(use.error());
  const auto name = text_member(value, "alg");
  if (!name) return std::unexpected(name.error());
  const auto algorithm = parse_algorithm(*name);
  if (!name->empty() && !algorithm) {
    return foreign("The JWK member alg names no signature algorithm of this server.");
  }
  if (*kty != "RSA" && *kty != "EC" && *kty != "OKP") {
    return foreign("The JWK member kty must be RSA, EC or OKP.");
  }
  auto key = *kty == "RSA" ? parse_rsa(value) : parse_curve(value, *kty);
  if (!key) return std::unexpected(key.error());
  if (algorithm && row(*algorithm).key_type != key->type()) {
    return broken("The JWK member alg does not fit the type of the key.");
  }
  return Jwk{std::move(*kid), algorithm, std::move(*use), std::move(*key)};
}

}  // namespace

Result<Jwk> parse_jwk(const json& value) {
  auto jwk = read(value);
  if (!jwk) {
    return fail(OAuthErrorCode::invalid_client_metadata, std::move(jwk.error().description));
  }
  return std::move(*jwk);
}

Result<std::vector<Jwk>> parse_jwk_set(std::string_view text) {
  const auto set = parse_json_object(text);
  const auto keys = set ? set->find("keys") : json::iterator();
  if (!set || keys == set->end() || !keys->is_array()) {
    return fail(OAuthErrorCode::invalid_client_metadata,
                "A JWK set must be a JSON object of at most 64 KB with an array keys.");
  }
  if (keys->size() > kMostKeys) {
    return fail(OAuthErrorCode::invalid_client_metadata, "A JWK set may hold at most 50 keys.");
  }
  std::vector<Jwk> found;
  for (const json& value : *keys) {
    auto jwk = read(value);
    if (jwk) {
      found.push_back(std::move(*jwk));
    } else if (!jwk.error().harmless) {
      return fail(OAuthErrorCode::invalid_client_metadata, std::move(jwk.error().description));
    }
  }
  return found;
}

json to_json(const Jwk& jwk) {
  const crypto::PublicComponents components = jwk.key.components();
  json out = json::object();
  if (components.type == KeyType::rsa) {
    out["kty"] = "RSA";
    out["n"] = base64url_encode(components.n);
    out["e"] = base64url_encode(components.e);
  } else {
    out["kty"] = components.type == KeyType::ed25519 ? "OKP" : "EC";
    out["crv"] = curve_name(components.type);
    out["x"] = base64url_encode(components.x);
    if (components.type != KeyType::ed25519) out["y"] = base64url_encode(components.y);
  }
  if (!jwk.kid.empty()) out["kid"] = jwk.kid;
  out["use"] = "sig";
  if (jwk.alg) out["alg"] = to_string(*jwk.alg);
  return out;
}

std::string thumbprint(const crypto::PublicKey& key) {
  const crypto::PublicComponents components = key.components();
  // RFC 7638 §3.2: the required members, sorted, without white space.
  std::string text;
  if (components.type == KeyType::rsa) {
    text = R"({"e":")" + base64url_encode(components.e) + R"(","kty":"RSA","n":")" +
           base64url_encode(components.n) + R"("})";
  } else {
    const bool okp = components.type == KeyType::ed25519;
    text = R"({"crv":")" + std::string(curve_name(components.type)) + R"(","kty":")" +
           (okp ? "OKP" : "EC") + R"(","x":")" + base64url_encode(components.x) +
           (okp ? "" : R"(","y":")" + base64url_encode(components.y)) + R"("})";
  }
  return base64url_encode(crypto::sha256(text));
}

}  // namespace oidc::jose

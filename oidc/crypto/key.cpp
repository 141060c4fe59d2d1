#include "oidc/crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <utility>

#include "oidc/crypto/ed25519_point.h"
#include "oidc/crypto/openssl_handle.h"
#include "oidc/crypto/signature.h"

namespace oidc::crypto {
namespace {

using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>>;

constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192;
constexpr int kMostExponentBits = 64;  // a longer one only makes verifying slow

struct Curve {
  KeyType type;
  const char* name;        // as OpenSSL reports it
  const char* short_name;  // as in FIPS 186-5
  std::size_t width;       // bytes of a coordinate
};
constexpr Curve kCurves[] = {{KeyType::ec_p256, "prime256v1", "P-256", 32},
                             {KeyType::ec_p384, "secp384r1", "P-384", 48},
                             {KeyType::ec_p521, "secp521r1", "P-521", 66}};

const Curve* find_curve(KeyType type) {
  for (const Curve& curve : kCurves) {
    if (curve.type == type) return &curve;
  }
  return nullptr;
}

std::optional<KeyType> type_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA")) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < kLeastRsaBits || bits > kMostRsaBits) return std::nullopt;
    return KeyType::rsa;
  }
  if (EVP_PKEY_is_a(key, "ED25519")) return KeyType::ed25519;
  if (!EVP_PKEY_is_a(key, "EC")) return std::nullopt;
  char group[64] = {};
  if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) return std::nullopt;
  for (const Curve& curve : kCurves) {
    if (std::string_view(group) == curve.name || std::string_view(group) == curve.short_name) {
      return curve.type;
    }
  }
  return std::nullopt;
}

// A number of the key as big-endian bytes, `width` of them, or as few as it needs for width 0.
// Empty when the key lacks it.
std::string number_of(EVP_PKEY* key, const char* name, std::size_t width) {
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &found) != 1) return {};
  const Number number(found);
  const auto needed = static_cast<std::size_t>(BN_num_bytes(number.get()));
  std::string out(width ? width : needed, '\0');
  const int bytes = static_cast<int>(out.size());
  if (BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(out.data()), bytes) != bytes) {
    return {};
  }
  return out;
}

// What is missing stays empty, which from_components() refuses.
PublicComponents components_of(EVP_PKEY* key, KeyType type) {
  PublicComponents out;
  out.type = type;
  if (type == KeyType::rsa) {
    out.n = number_of(key, OSSL_PKEY_PARAM_RSA_N, 0);
    out.e = number_of(key, OSSL_PKEY_PARAM_RSA_E, 0);
  } else if (const Curve* curve = find_curve(type)) {
    out.x = number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, curve->width);
    out.y = number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve->width);
  } else {
    out.x.resize(32);
    std::size_t length = out.x.size();
    if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(out.x.data()), &length) !=
            1 ||
        length != out.x.size()) {
      out.x.clear();
    }
  }
  return out;
}

PkeyHandle import_public(const char* algorithm, OSSL_PARAM_BLD* builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return PkeyHandle(key);
}

PkeyHandle rsa_key(const PublicComponents& components) {
  constexpr std::size_t kMostBytes = kMostRsaBits / 8;
  if (components.n.size() > kMostBytes || components.e.size() > kMostBytes) return nullptr;
  const Number n(BN_bin2bn(bytes_of(components.n), static_cast<int>(components.n.size()), nullptr));
  const Number e(BN_bin2bn(bytes_of(components.e), static_cast<int>(components.e.size()), nullptr));
  if (!n || !e) return nullptr;
  const int bits = BN_num_bits(n.get());
  if (bits < kLeastRsaBits || bits > kMostRsaBits || !BN_is_odd(n.get())) return nullptr;
  // FIPS 186-5 §A.1.1: odd and above 2^16. Small exponents have a history of forged signatures.
  if (!BN_is_odd(e.get()) || BN_num_bits(e.get()) < 17 ||
      BN_num_bits(e.get()) > kMostExponentBits) {
    return nullptr;
  }
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return import_public("RSA", builder.get());
}

PkeyHandle ec_key(const PublicComponents& components, const Curve& curve) {
  if (components.x.size() != curve.width || components.y.size() != curve.width) return nullptr;
  const std::string point = "\x04" + components.x + components.y;  // SEC 1 §2.3.3, uncompressed
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.name, 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  PkeyHandle key = import_public("EC", builder.get());
  if (!key) return nullptr;
  // On the curve and not at infinity is all there is to check: these curves have cofactor one.
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (!context || EVP_PKEY_public_check_quick(context.get()) != 1) return nullptr;
  return key;
}

PkeyHandle ed25519_key(const PublicComponents& components) {
  if (!is_usable_ed25519_point(components.x)) return nullptr;
  return PkeyHandle(EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr,
                                                   bytes_of(components.x), components.x.size()));
}

}  // namespace

struct PublicKey::Impl {
  Impl(PkeyHandle handle, KeyType key_type)
      : key(std::move(handle)),
        components(components_of(key.get(), key_type)),
        contexts(key.get(), key_type, SignatureContexts::Use::verify) {}

  PkeyHandle key;
  PublicComponents components;
  SignatureContexts contexts;
};

struct PrivateKey::Impl {
  Impl(PkeyHandle handle, PublicKey public_half)
      : key(std::move(handle)),
        public_key(std::move(public_half)),
        contexts(key.get(), public_key.type(), SignatureContexts::Use::sign) {}

  PkeyHandle key;
  PublicKey public_key;
  SignatureContexts contexts;
};

std::optional<PublicKey> PublicKey::from_components(const PublicComponents& components) {
  const ErrorScope errors;
  const Curve* const curve = find_curve(components.type);
  PkeyHandle key = components.type == KeyType::rsa ? rsa_key(components)
                   : curve                         ? ec_key(components, *curve)
                                                   : ed25519_key(components);
  if (!key) return std::nullopt;
  return PublicKey(std::make_shared<const Impl>(std::move(key), components.type));
}

KeyType PublicKey::type() const {
  return impl_->components.type;
}

PublicComponents PublicKey::components() const {
  return impl_->components;
}

bool PublicKey::verify(SignatureScheme scheme, std::string_view message,
                       std::string_view signature) const {
  return fits(scheme, type()) && impl_->contexts.verify(scheme, message, signature);
}

PrivateKey PrivateKey::generate(KeyType type) {
  const ErrorScope errors;
  const Curve* const curve = find_curve(type);
  PkeyHandle key(type == KeyType::rsa
                     ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{kLeastRsaBits})
                 : curve ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve->name)
                         : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) end_process("key generation");
  auto public_half = PublicKey::from_components(components_of(key.get(), type));
  if (!public_half) end_process("key generation");
  return PrivateKey(std::make_shared<const Impl>(std::move(key), std::move(*public_half)));
}

std::optional<PrivateKey> PrivateKey::from_pkcs8(std::string_view der) {
  const ErrorScope errors;
  const unsigned char* at = bytes_of(der);
  const unsigned char* const end = at + der.size();
  const Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(der.size())));
  if (!info || at != end) return std::nullopt;
  PkeyHandle key(EVP_PKCS82PKEY(info.get()));
  const auto type = key ? type_of(key.get()) : std::nullopt;
  if (!type) return std::nullopt;
  auto public_half = PublicKey::from_components(components_of(key.get(), *type));
  if (!public_half) return std::nullopt;
  PrivateKey loaded(std::make_shared<const Impl>(std::move(key), std::move(*public_half)));
  // One signature shows that the halves belong together and that no number is damaged.
  const auto probe = loaded.sign(usual_scheme(*type), "probe");
  if (!probe || !loaded.public_key().verify(usual_scheme(*type), "probe", *probe)) {
    return std::nullopt;
  }
  return loaded;
}

std::string PrivateKey::to_pkcs8() const {
  const ErrorScope errors;
  const Pkcs8 info(EVP_PKEY2PKCS8(impl_->key.get()));
  unsigned char* der = nullptr;
  const int length = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der) : 0;
  if (length <= 0) end_process("PKCS#8");
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_clear_free(der, static_cast<std::size_t>(length));
  return out;
}

KeyType PrivateKey::type() const {
  return impl_->public_key.type();
}

PublicKey PrivateKey::public_key() const {
  return impl_->public_key;
}

std::optional<std::string> PrivateKey::sign(SignatureScheme scheme,
                                            std::string_view message) const {
  if (!fits(scheme, type())) return std::nullopt;
  return impl_->contexts.sign(scheme, message);
}

}  // namespace oidc::crypto

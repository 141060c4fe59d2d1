#include "oidc/crypto/key.h"

#include <openssl/err.h>

#include <atomic>
#include <thread>

#include "oidc/base/base64url.h"
#include "tests/support/catch.h"
#include "tests/vectors/jose_vectors.h"
#include "tests/vectors/key_files.h"

using namespace oidc::crypto;
using oidc::base64_decode;
using oidc::base64url_decode;

namespace {

struct Pairing {
  KeyType type;
  SignatureScheme scheme;
  std::size_t length;
};
constexpr Pairing kPairings[] = {{KeyType::rsa, SignatureScheme::rs256, 256},
                                 {KeyType::rsa, SignatureScheme::rs384, 256},
                                 {KeyType::rsa, SignatureScheme::rs512, 256},
                                 {KeyType::rsa, SignatureScheme::ps256, 256},
                                 {KeyType::rsa, SignatureScheme::ps384, 256},
                                 {KeyType::rsa, SignatureScheme::ps512, 256},
                                 {KeyType::ec_p256, SignatureScheme::es256, 64},
                                 {KeyType::ec_p384, SignatureScheme::es384, 96},
                                 {KeyType::ec_p521, SignatureScheme::es512, 132},
                                 {KeyType::ed25519, SignatureScheme::eddsa, 64}};

// Generating RSA takes long: one key of each type serves all tests.
const PrivateKey& key_of(KeyType type) {
  static const PrivateKey keys[] = {
      PrivateKey::generate(KeyType::rsa), PrivateKey::generate(KeyType::ec_p256),
      PrivateKey::generate(KeyType::ec_p384), PrivateKey::generate(KeyType::ec_p521),
      PrivateKey::generate(KeyType::ed25519)};
  return keys[static_cast<std::size_t>(type)];
}

std::string order_p256() {
  return *base64url_decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
}

std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

}  // namespace

TEST_CASE("keys: each scheme signs and verifies with its type of key") {
  for (const Pairing& pairing : kPairings) {
    CAPTURE(static_cast<int>(pairing.scheme));
    const PrivateKey& key = key_of(pairing.type);
    const auto signature = key.sign(pairing.scheme, "message");
    REQUIRE(signature);
    CHECK(signature->size() == pairing.length);
    const PublicKey half = key.public_key();
    CHECK(half.type() == pairing.type);
    CHECK(half.verify(pairing.scheme, "message", *signature));
    CHECK_FALSE(half.verify(pairing.scheme, "massage", *signature));
    CHECK_FALSE(half.verify(pairing.scheme, "", *signature));
    CHECK(half.verify(pairing.scheme, "", *key.sign(pairing.scheme, "")));
    const PrivateKey other =
        PrivateKey::generate(pairing.type == KeyType::rsa ? KeyType::ec_p256 : pairing.type);
    CHECK_FALSE(other.public_key().verify(pairing.scheme, "message", *signature));
  }
}

TEST_CASE("keys: a scheme of another type, or another hash or padding, is refused") {
  for (const Pairing& signer : kPairings) {
    const auto signature = key_of(signer.type).sign(signer.scheme, "message");
    REQUIRE(signature);
    for (const Pairing& reader : kPairings) {
      CAPTURE(static_cast<int>(signer.scheme), static_cast<int>(reader.scheme));
      if (signer.scheme == reader.scheme) continue;
      CHECK_FALSE(key_of(signer.type).public_key().verify(reader.scheme, "message", *signature));
      if (signer.type != reader.type) {
        CHECK_FALSE(key_of(signer.type).sign(reader.scheme, "message"));
      }
    }
  }
}

TEST_CASE("keys: a signature of another length is refused") {
  for (const Pairing& pairing : kPairings) {
    const PrivateKey& key = key_of(pairing.type);
    const std::string good = *key.sign(pairing.scheme, "m");
    const PublicKey half = key.public_key();
    CAPTURE(static_cast<int>(pairing.scheme));
    CHECK_FALSE(half.verify(pairing.scheme, "m", ""));
    CHECK_FALSE(half.verify(pairing.scheme, "m", good.substr(0, good.size() - 1)));
    CHECK_FALSE(half.verify(pairing.scheme, "m", good.substr(1)));
    CHECK_FALSE(half.verify(pairing.scheme, "m", good + std::string(1, '\0')));
    CHECK_FALSE(half.verify(pairing.scheme, "m", std::string(1, '\0') + good));
    CHECK_FALSE(half.verify(pairing.scheme, "m", good + good));
    CHECK_FALSE(half.verify(pairing.scheme, "m", std::string(good.size(), '\0')));
    CHECK_FALSE(half.verify(pairing.scheme, "m", std::string(good.size(), '\xff')));
    for (std::size_t i = 0; i < good.size(); i += 7) {
      std::string altered = good;
      altered[i] = static_cast<char>(altered[i] ^ 1);
      CHECK_FALSE(half.verify(pairing.scheme, "m", altered));
    }
  }
}

TEST_CASE("ECDSA: r and s of zero or of the order are refused, and so is DER") {
  const PrivateKey& key = key_of(KeyType::ec_p256);
  const std::string good = *key.sign(SignatureScheme::es256, "m");
  const PublicKey half = key.public_key();
  const std::string zero(32, '\0');
  const std::string parts[] = {zero + good.substr(32),
                               good.substr(0, 32) + zero,
                               zero + zero,
                               order_p256() + good.substr(32),
                               good.substr(0, 32) + order_p256(),
                               good.substr(32) + good.substr(0, 32)};
  for (const std::string& signature : parts) {
    CHECK_FALSE(half.verify(SignatureScheme::es256, "m", signature));
  }
  const std::string der = from_hex("3006020101020101");
  CHECK_FALSE(half.verify(SignatureScheme::es256, "m", der));
}

TEST_CASE("ECDSA: the width is fixed though r or s has leading zeros") {
  const PrivateKey& key = key_of(KeyType::ec_p256);
  bool leading_zero = false;
  for (int i = 0; i < 2000 && !leading_zero; ++i) {
    const std::string message = std::to_string(i);
    const std::string signature = *key.sign(SignatureScheme::es256, message);
    REQUIRE(signature.size() == 64);
    leading_zero = signature[0] == '\0' || signature[32] == '\0';
    if (leading_zero) CHECK(key.public_key().verify(SignatureScheme::es256, message, signature));
  }
  CHECK(leading_zero);
}

TEST_CASE("keys: PKCS#8 round trip") {
  for (const KeyType type :
       {KeyType::rsa, KeyType::ec_p256, KeyType::ec_p384, KeyType::ec_p521, KeyType::ed25519}) {
    const PrivateKey& key = key_of(type);
    const std::string der = key.to_pkcs8();
    const auto again = PrivateKey::from_pkcs8(der);
    REQUIRE(again);
    CHECK(again->type() == type);
    CHECK(again->to_pkcs8() == der);
    const auto components = again->public_key().components();
    CHECK(components.x == key.public_key().components().x);
    CHECK(components.n == key.public_key().components().n);
    CHECK_FALSE(PrivateKey::from_pkcs8(der + "x"));
    CHECK_FALSE(PrivateKey::from_pkcs8(der.substr(0, der.size() - 1)));
    CHECK_FALSE(PrivateKey::from_pkcs8(der.substr(1)));
  }
  CHECK_FALSE(PrivateKey::from_pkcs8(""));
  CHECK_FALSE(PrivateKey::from_pkcs8("-----BEGIN PRIVATE KEY-----"));
}

TEST_CASE("keys: PKCS#8 files of other programs") {
  const auto p256 = PrivateKey::from_pkcs8(*base64_decode(vectors::kPkcs8P256));
  REQUIRE(p256);
  CHECK(p256->type() == KeyType::ec_p256);
  CHECK_FALSE(PrivateKey::from_pkcs8(*base64_decode(vectors::kPkcs8Rsa1024)));
  CHECK_FALSE(PrivateKey::from_pkcs8(*base64_decode(vectors::kPkcs8Secp256k1)));
  CHECK_FALSE(PrivateKey::from_pkcs8(*base64_decode(vectors::kPkcs8X25519)));
}

TEST_CASE("keys: no damaged PKCS#8 file yields a key that signs wrongly") {
  const std::string der = *base64_decode(vectors::kPkcs8P256);
  for (std::size_t i = 0; i < der.size(); ++i) {
    std::string altered = der;
    altered[i] = static_cast<char>(altered[i] ^ 0x10);
    const auto key = PrivateKey::from_pkcs8(altered);
    if (!key) continue;
    CAPTURE(i);
    const auto signature = key->sign(SignatureScheme::es256, "m");
    REQUIRE(signature);
    CHECK(key->public_key().verify(SignatureScheme::es256, "m", *signature));
  }
}

TEST_CASE("Ed25519: the private key of RFC 8037 A.1 makes the signature of A.4") {
  const auto key = PrivateKey::from_pkcs8(from_hex("302e020100300506032b657004220420") +
                                          *base64url_decode(vectors::kRfc8037D));
  REQUIRE(key);
  CHECK(oidc::base64url_encode(key->public_key().components().x) == vectors::kRfc8037X);
  const auto cut = vectors::kRfc8037Token.rfind('.');
  const auto signature = key->sign(SignatureScheme::eddsa, vectors::kRfc8037Token.substr(0, cut));
  REQUIRE(signature);
  CHECK(oidc::base64url_encode(*signature) == vectors::kRfc8037Token.substr(cut + 1));
}

TEST_CASE("Ed25519: points of small order, off the curve and not canonical are refused") {
  const char* const refused[] = {
      // The points of order 1, 2, 4, 4, 8, 8, 8 and 8.
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      // y = 2 is on no point; y = p and p + 1 are other texts of 0 and 1.
      "0200000000000000000000000000000000000000000000000000000000000000",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", ""};
  for (const char* hex : refused) {
    CAPTURE(hex);
    CHECK_FALSE(PublicKey::from_components({KeyType::ed25519, "", "", from_hex(hex), ""}));
  }
  // The base point.
  CHECK(PublicKey::from_components(
      {KeyType::ed25519, "", "",
       from_hex("5866666666666666666666666666666666666666666666666666666666666666"), ""}));
  for (int i = 0; i < 20; ++i) {
    const auto made = PrivateKey::generate(KeyType::ed25519).public_key().components();
    CHECK(PublicKey::from_components(made));
  }
}

TEST_CASE("EC: a point must be on its curve and of full width") {
  for (const KeyType type : {KeyType::ec_p256, KeyType::ec_p384, KeyType::ec_p521}) {
    const PublicComponents good = key_of(type).public_key().components();
    CHECK(PublicKey::from_components(good));
    PublicComponents bad = good;
    bad.y.back() = static_cast<char>(bad.y.back() ^ 1);
    CHECK_FALSE(PublicKey::from_components(bad));
    bad = good;
    std::swap(bad.x, bad.y);
    CHECK_FALSE(PublicKey::from_components(bad));
    bad = good;
    bad.x.insert(0, 1, '\0');
    CHECK_FALSE(PublicKey::from_components(bad));
    bad = good;
    bad.x.erase(0, 1);
    CHECK_FALSE(PublicKey::from_components(bad));
    bad.x.clear();
    bad.y.clear();
    CHECK_FALSE(PublicKey::from_components(bad));
    bad.x.assign(good.x.size(), '\0');
    bad.y.assign(good.y.size(), '\0');
    CHECK_FALSE(PublicKey::from_components(bad));
    bad.x.assign(good.x.size(), '\xff');
    bad.y.assign(good.y.size(), '\xff');
    CHECK_FALSE(PublicKey::from_components(bad));
  }
  PublicComponents wrong_curve = key_of(KeyType::ec_p256).public_key().components();
  wrong_curve.type = KeyType::ec_p384;
  CHECK_FALSE(PublicKey::from_components(wrong_curve));
}

TEST_CASE("RSA: size and exponent are checked") {
  const std::string n = *base64url_decode(vectors::kRfc7638N);
  const std::string e("\x01\x00\x01", 3);
  const auto accepts = [](std::string modulus, std::string exponent) {
    return PublicKey::from_components(
               {KeyType::rsa, std::move(modulus), std::move(exponent), "", ""})
        .has_value();
  };
  CHECK(accepts(n, e));
  CHECK_FALSE(accepts(n.substr(128), e));
  CHECK_FALSE(accepts(n.substr(1), e));
  CHECK_FALSE(accepts(std::string(1024, '\xff') + n, e));
  CHECK_FALSE(accepts("", e));
  CHECK_FALSE(accepts(n, ""));
  CHECK_FALSE(accepts(n, "\x01"));
  CHECK_FALSE(accepts(n, "\x03"));
  CHECK_FALSE(accepts(n, "\x11"));
  CHECK_FALSE(accepts(n, std::string("\x01\x00\x00", 3)));
  CHECK_FALSE(accepts(n, std::string("\x01\x00\x00\x00\x00\x00\x00\x00\x01", 9)));
  CHECK_FALSE(accepts(n, n));
  std::string even = n;
  even.back() = static_cast<char>(even.back() & ~1);
  CHECK_FALSE(accepts(even, e));
  // A zero in front changes nothing in the key.
  const auto padded =
      PublicKey::from_components({KeyType::rsa, std::string(1, '\0') + n, e, "", ""});
  REQUIRE(padded);
  CHECK(padded->components().n == n);
}

TEST_CASE("keys: failures leave nothing in OpenSSL's error queue") {
  ERR_clear_error();
  (void)PrivateKey::from_pkcs8("damaged");
  (void)PublicKey::from_components(
      {KeyType::ec_p256, "", "", std::string(32, 'x'), std::string(32, 'y')});
  for (const Pairing& pairing : kPairings) {
    (void)key_of(pairing.type)
        .public_key()
        .verify(pairing.scheme, "m", std::string(pairing.length, '\x7f'));
  }
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("keys: one key signs on many threads, also at its first use") {
  for (const KeyType type : {KeyType::ec_p256, KeyType::ed25519, KeyType::rsa}) {
    const auto key = PrivateKey::from_pkcs8(key_of(type).to_pkcs8());
    REQUIRE(key);
    const SignatureScheme scheme = type == KeyType::ec_p256   ? SignatureScheme::es256
                                   : type == KeyType::ed25519 ? SignatureScheme::eddsa
                                                              : SignatureScheme::ps256;
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 25; ++i) {
          const std::string message = std::to_string(t * 1000 + i);
          const auto signature = key->sign(scheme, message);
          if (signature && key->public_key().verify(scheme, message, *signature)) ++good;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(good == 100);
  }
}

TEST_CASE("keys: a copy outlives the key it came from") {
  auto key = std::make_unique<PrivateKey>(PrivateKey::generate(KeyType::ec_p256));
  const PrivateKey copy = *key;
  const PublicKey half = key->public_key();
  key.reset();
  CHECK(half.verify(SignatureScheme::es256, "m", *copy.sign(SignatureScheme::es256, "m")));
}

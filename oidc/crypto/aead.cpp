#include "oidc/crypto/aead.h"

#include <limits>

#include "oidc/crypto/openssl_handle.h"
#include "oidc/crypto/random.h"

namespace oidc::crypto {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kMostBytes = std::numeric_limits<int>::max() / 2;

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (!cipher) end_process("AES-256-GCM");
  return cipher;
}

}  // namespace

std::string seal(std::string_view key, std::string_view plain, std::string_view associated) {
  if (key.size() != kKeyBytes || plain.size() > kMostBytes || associated.size() > kMostBytes) {
    end_process("seal: wrong length of key or text");
  }
  std::string out = random_bytes(kNonceBytes);
  out.resize(kNonceBytes + plain.size() + kTagBytes);
  auto* const nonce = reinterpret_cast<unsigned char*>(out.data());
  auto* const body = nonce + kNonceBytes;
  const CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool done =
      context &&
      EVP_EncryptInit_ex2(context.get(), aes_256_gcm(), bytes_of(key), nonce, nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &length, bytes_of(associated),
                        static_cast<int>(associated.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), body, &length, bytes_of(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), body + plain.size(), &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, body + plain.size()) ==
          1;
  if (!done) end_process("AES-256-GCM seal");
  return out;
}

std::optional<std::string> open(std::string_view key, std::string_view sealed,
                                std::string_view associated) {
  if (key.size() != kKeyBytes || sealed.size() < kNonceBytes + kTagBytes ||
      sealed.size() > kMostBytes || associated.size() > kMostBytes) {
    return std::nullopt;
  }
  const ErrorScope errors;
  const std::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string out(body.size(), '\0');
  auto* const plain = reinterpret_cast<unsigned char*>(out.data());
  unsigned char rest[kTagBytes];  // GCM has no final block; the call asks for room all the same
  const CipherContext context(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool genuine =
      context &&
      EVP_DecryptInit_ex2(context.get(), aes_256_gcm(), bytes_of(key), bytes_of(sealed), nullptr) ==
          1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &length, bytes_of(associated),
                        static_cast<int>(associated.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), plain, &length, bytes_of(body),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), rest, &length) == 1;
  if (!genuine) {
    OPENSSL_cleanse(out.data(), out.size());
    return std::nullopt;
  }
  return out;
}

}  // namespace oidc::crypto

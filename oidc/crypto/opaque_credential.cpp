#include "oidc/crypto/opaque_credential.h"

#include <array>

#include "oidc/base/base64url.h"
#include "oidc/base/secret.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/random.h"

namespace oidc::crypto {
namespace {

constexpr std::size_t kPrefix = 4;
constexpr std::size_t kSecret = 32;
constexpr std::size_t kBody = 2 + 8 + kSecret;
constexpr std::size_t kChecksum = 4;
constexpr std::size_t kText = kPrefix + ((kBody + kChecksum) * 4 + 2) / 3;

std::string_view prefix_of(CredentialKind kind) {
  switch (kind) {
    case CredentialKind::authorization_code:
      return "lkc_";
    case CredentialKind::refresh_token:
      return "lkr_";
    case CredentialKind::access_token:
      return "lka_";
    case CredentialKind::browser:
      return "lkb_";
    case CredentialKind::device_cookie:
      return "lkd_";
    case CredentialKind::initial_access:
      return "lki_";
    case CredentialKind::registration:
      return "lkg_";
    case CredentialKind::pushed_request:
      return "lkp_";
    case CredentialKind::email_link:
      return "lkm_";
  }
  return "lk?_";
}

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xedb88320u : 0);
    table[i] = value;
  }
  return table;
}
constexpr auto kCrcTable = crc_table();

// CRC-32 as in IEEE 802.3, over prefix and body, so that a credential of one kind is no credential
// of another. It finds typing mistakes; forgeries are found by the digest.
std::uint32_t crc32(std::string_view prefix, std::string_view body) {
  std::uint32_t value = 0xffffffffu;
  const auto feed = [&](std::string_view bytes) {
    for (unsigned char c : bytes) value = kCrcTable[(value ^ c) & 0xff] ^ (value >> 8);
  };
  feed(prefix);
  feed(body);
  return ~value;
}

void put_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (unsigned char c : bytes) value = (value << 8) | c;
  return value;
}

std::string digest_of(std::string_view text) {
  return base64url_encode(sha256(text));
}

}  // namespace

NewOpaqueCredential make_credential(CredentialKind kind, std::uint16_t site, std::int64_t row) {
  const std::string_view prefix = prefix_of(kind);
  std::string body;
  body.reserve(kBody + kChecksum);
  put_big_endian(body, site, 2);
  put_big_endian(body, static_cast<std::uint64_t>(row), 8);
  std::string secret = random_bytes(kSecret);
  body += secret;
  wipe(secret);
  put_big_endian(body, crc32(prefix, body), kChecksum);
  NewOpaqueCredential made;
  made.text = std::string(prefix) + base64url_encode(body);
  wipe(body);
  made.stored = {row, site, digest_of(made.text)};
  return made;
}

std::optional<OpaqueCredential> parse_credential(CredentialKind kind, std::string_view text) {
  const std::string_view prefix = prefix_of(kind);
  if (text.size() != kText || !text.starts_with(prefix)) return std::nullopt;
  const auto decoded = base64url_decode(text.substr(kPrefix));
  if (!decoded || decoded->size() != kBody + kChecksum) return std::nullopt;
  const std::string_view body = std::string_view(*decoded).substr(0, kBody);
  if (big_endian(std::string_view(*decoded).substr(kBody)) != crc32(prefix, body)) {
    return std::nullopt;
  }
  const auto row = static_cast<std::int64_t>(big_endian(body.substr(2, 8)));
  if (row < 0) return std::nullopt;
  return OpaqueCredential{row, static_cast<std::uint16_t>(big_endian(body.substr(0, 2))),
                          digest_of(text)};
}

}  // namespace oidc::crypto

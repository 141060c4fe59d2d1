// Owns: the form of every opaque credential (codes, refresh tokens, session cookies …): kind, site,
// row number, 256-bit secret and a checksum, so that a lookup is by row and a typo never reaches
// the database. The database holds only `digest`.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oidc::crypto {

enum class CredentialKind {
  authorization_code,  // "lkc_"
  refresh_token,       // "lkr_"
  access_token,        // "lka_"
  browser,             // "lkb_": the session cookie
  device_cookie,       // "lkd_"
  initial_access,      // "lki_": lets a developer register clients (RFC 7591 §3)
  registration,        // "lkg_": manages one registered client (RFC 7592)
  pushed_request,      // "lkp_": the end of a PAR request_uri (RFC 9126)
  email_link,          // "lkm_": the end of a link in a mail, /m/…
};

struct OpaqueCredential {
  std::int64_t row = 0;
  std::uint16_t site = 0;
  std::string digest;  // base64url SHA-256 of the whole text, 43 characters
};

struct NewOpaqueCredential {
  std::string text;  // prefix + base64url(site 2 | row 8 | secret 32 | crc32 4): secret, shown once
  OpaqueCredential stored;
};

NewOpaqueCredential make_credential(CredentialKind kind, std::uint16_t site, std::int64_t row);
// Nothing when the kind, length, alphabet or checksum is wrong.
std::optional<OpaqueCredential> parse_credential(CredentialKind kind, std::string_view text);

}  // namespace oidc::crypto

// Owns: a strict split of absolute URIs (RFC 3986) and the host rules that redirect URIs, origins
// and the issuer share. Does not decode, normalise or resolve.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oidc {

struct Uri {
  std::string scheme;  // as written
  bool has_authority = false;
  std::string userinfo;  // empty when there is none
  bool has_userinfo = false;
  std::string host;  // as written, with the brackets of an IPv6 literal
  std::string port;  // digits as written, empty when there is none
  std::string path;
  std::optional<std::string> query;
  std::optional<std::string> fragment;

  // Empty when `text` is not an absolute URI of printable ASCII without spaces, quotes, '<', '>',
  // '\', '^', '`', '{', '|', '}', or longer than 2048 bytes.
  static std::optional<Uri> parse(std::string_view text);

  // "scheme://host[:port]", in lower case, without a default port (RFC 6454 §4).
  std::string origin() const;
};

// 127.0.0.0/8 literals in dotted-quad form, and [::1].
bool is_loopback_literal(std::string_view host);
// The above, or exactly "localhost".
bool is_loopback_host(std::string_view host);

}  // namespace oidc

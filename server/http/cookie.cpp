// Cookies: reading the field Cookie, writing Set-Cookie. RFC 6265, and the name prefixes of its
// successor draft.
#include <algorithm>
#include <stdexcept>

#include "oidc/base/text.h"
#include "server/http/message.h"
#include "server/http/token.h"

namespace server::http {
namespace {

// cookie-octet of RFC 6265 §4.1.1.
bool is_cookie_octet(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

}  // namespace

std::optional<std::string> Request::cookie(std::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [field, value] : headers) {
    if (field != "cookie") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto semicolon = rest.find(';');
      const std::string_view pair = oidc::trim(rest.substr(0, semicolon));
      rest = semicolon == std::string_view::npos ? std::string_view() : rest.substr(semicolon + 1);
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos || oidc::trim(pair.substr(0, equals)) != name) continue;
      // Two cookies of one name: one of them was planted from a sibling domain or path, and nothing
      // tells which.
      if (found) return std::nullopt;
      found = std::string(oidc::trim(pair.substr(equals + 1)));
    }
  }
  return found;
}

std::string Cookie::serialize() const {
  if (!is_token(name) || !std::ranges::all_of(value, is_cookie_octet)) {
    throw std::invalid_argument("a cookie's name or value holds a character it can't");
  }
  std::string text = name + "=" + value + "; Path=/";
  if (!readable_in_frames) text += "; HttpOnly";
  // Browsers take SameSite=None with Secure only.
  text += readable_in_frames && secure ? "; SameSite=None" : "; SameSite=Lax";
  if (secure) text += "; Secure";
  if (max_age_s) text += "; Max-Age=" + std::to_string(*max_age_s);
  return text;
}

std::string cookie_name(std::string_view name, bool is_https) {
  return (is_https ? "__Host-" : "") + std::string(name);
}

}  // namespace server::http

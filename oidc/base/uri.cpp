#include "oidc/base/uri.h"

#include "oidc/base/text.h"

namespace oidc {
namespace {

bool is_scheme(std::string_view text) {
  if (text.empty()) return false;
  const auto alpha = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!alpha(text.front())) return false;
  for (char c : text) {
    if (!alpha(c) && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

bool is_port(std::string_view text) {
  const auto value = parse_unsigned(text);
  return value && text.size() <= 5 && *value >= 1 && *value <= 65535;
}

// RFC 3986 §3.2.2, less percent escapes and IPvFuture: nobody registers those.
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
    return !host.empty() &&
           host.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  }
  return !host.empty() && host.find_first_of("[]%") == std::string_view::npos;
}

}  // namespace

std::optional<Uri> Uri::parse(std::string_view text) {
  if (text.empty() || text.size() > 2048 || !is_printable_ascii(text)) return std::nullopt;
  if (text.find_first_of(" \"<>\\^`{|}") != std::string_view::npos) return std::nullopt;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) return std::nullopt;
  Uri uri;
  uri.scheme = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 1);
  if (const auto hash = rest.find('#'); hash != std::string_view::npos) {
    uri.fragment = std::string(rest.substr(hash + 1));
    rest = rest.substr(0, hash);
  }
  if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
    uri.query = std::string(rest.substr(mark + 1));
    rest = rest.substr(0, mark);
  }
  if (!rest.starts_with("//")) {
    uri.path = rest;
    return uri;
  }
  uri.has_authority = true;
  rest.remove_prefix(2);
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) uri.path = rest.substr(slash);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    uri.has_userinfo = true;
    uri.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  std::size_t host_end = authority.size();
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host_end = close + 1;
  } else if (const auto port = authority.find(':'); port != std::string_view::npos) {
    host_end = port;
  }
  uri.host = authority.substr(0, host_end);
  authority.remove_prefix(host_end);
  if (!authority.empty()) {
    if (authority.front() != ':' || !is_port(authority.substr(1))) return std::nullopt;
    uri.port = authority.substr(1);
  }
  if (!is_host(uri.host)) return std::nullopt;
  return uri;
}

std::string Uri::origin() const {
  std::string out = to_lower_ascii(scheme) + "://" + to_lower_ascii(host);
  const bool is_default = port.empty() || (equals_ignore_case(scheme, "https") && port == "443") ||
                          (equals_ignore_case(scheme, "http") && port == "80");
  if (!is_default) out += ":" + port;
  return out;
}

bool is_loopback_literal(std::string_view host) {
  if (host == "[::1]") return true;
  if (!host.starts_with("127.")) return false;
  int parts = 1;
  host.remove_prefix(4);
  while (true) {
    const auto dot = host.find('.');
    const auto part = host.substr(0, dot);
    const auto value = parse_unsigned(part);
    if (!value || *value > 255 || part.size() > 3 || (part.size() > 1 && part[0] == '0')) {
      return false;
    }
    ++parts;
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  return parts == 4;
}

bool is_loopback_host(std::string_view host) {
  return host == "localhost" || is_loopback_literal(host);
}

}  // namespace oidc

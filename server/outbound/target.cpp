#include "server/outbound/target.h"

#include <algorithm>
#include <stdexcept>

#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "server/outbound/outbound.h"

namespace server::outbound {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) {
           return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
         });
}

// `name` in lower case, without a trailing dot.
bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  int labels = 0;
  while (true) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    ++labels;
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  return labels >= 2;
}

// Such a name is an IPv4 address to every resolver, or to none (WHATWG URL, "ends in a number").
bool ends_in_number(std::string_view name) {
  const auto dot = name.rfind('.');
  const auto last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (last.starts_with("0x")) {
    return last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
  }
  return !last.empty() && std::ranges::all_of(last, is_digit);
}

bool is_localhost(std::string_view name) {
  return name == "localhost" || name.ends_with(".localhost");
}

// Puts host and literal addresses into `target`; false when this is no host to ask.
bool read_host(std::string host, Target& target) {
  host = oidc::to_lower_ascii(host);
  if (host.starts_with('[')) {
    const auto address = Address::parse(std::string_view(host).substr(1, host.size() - 2));
    // Brackets hold IPv6; a dotted quad in them is read differently by different programs.
    if (!address || host.find(':') == std::string::npos) return false;
    target.literal = {*address};
    target.host = address->to_string();
    return true;
  }
  if (host.ends_with('.')) host.pop_back();
  if (ends_in_number(host)) {
    const auto address = parse_loose_ipv4(host);
    if (!address) return false;
    target.literal = {*address};
    target.host = address->to_string();
    return true;
  }
  if (is_localhost(host)) {
    if (host != "localhost" && !is_host_name(host)) return false;
    target.literal = {Address::from_ipv4(0x7f000001), *Address::parse("::1")};
    target.host = std::move(host);
    return true;
  }
  if (!is_host_name(host)) return false;
  target.host = std::move(host);
  return true;
}

}  // namespace

std::optional<Target> read_target(std::string_view url) {
  const auto uri = oidc::Uri::parse(url);
  if (!uri || !oidc::equals_ignore_case(uri->scheme, "https") || !uri->has_authority ||
      uri->has_userinfo || uri->fragment) {
    return std::nullopt;
  }
  Target target;
  if (!uri->port.empty()) {
    const auto port = oidc::parse_unsigned(uri->port);
    if (!port || *port > 65535 || (*port != 443 && *port <= 1023)) return std::nullopt;
    target.port = static_cast<int>(*port);
  }
  if (!read_host(uri->host, target)) return std::nullopt;
  const bool ipv6 = target.host.find(':') != std::string::npos;
  target.url = "https://" + (ipv6 ? "[" + target.host + "]" : target.host);
  if (target.port != 443) target.url += ":" + std::to_string(target.port);
  target.url += uri->path.empty() ? "/" : uri->path;
  if (uri->query) target.url += "?" + *uri->query;
  return target;
}

bool may_reach(const Address& address, const AddressBlocks& allowed) {
  return is_public(address) || allowed.contains(address);
}

bool is_acceptable_url(std::string_view url, const std::vector<std::string>& allowed_addresses) {
  const auto target = read_target(url);
  if (!target) return false;
  if (target->literal.empty()) return true;
  const auto any_reachable = [&](const AddressBlocks& allowed) {
    return std::ranges::any_of(target->literal,
                               [&](const Address& a) { return may_reach(a, allowed); });
  };
  try {
    return any_reachable(AddressBlocks(allowed_addresses));
  } catch (const std::runtime_error&) {
    // The settings are checked at start; a list that cannot be read allows nothing.
    return any_reachable(AddressBlocks({}));
  }
}

}  // namespace server::outbound

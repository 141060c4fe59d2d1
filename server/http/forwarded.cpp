#include "server/http/forwarded.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "oidc/base/text.h"
#include "server/http/token.h"

namespace server::http {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::address_v6;

address_v6 widened(const address& any) {
  if (any.is_v6()) return any.to_v6();
  return boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, any.to_v4());
}

std::optional<address> parse_address(std::string_view text) {
  // A zone would make this a look-up of interfaces.
  if (text.empty() || text.size() > 45 || text.find('%') != std::string_view::npos) {
    return std::nullopt;
  }
  boost::system::error_code error;
  const address parsed = boost::asio::ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return unmapped(parsed);
}

// An element of X-Forwarded-For: an address, by some proxies with a port.
std::optional<address> parse_element(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    return parse_address(text.substr(1, end - 1));
  }
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return parse_address(text);
}

}  // namespace

address unmapped(const address& any) {
  if (any.is_v4()) return any;
  if (any.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, any.to_v6());
  }
  return address_v6(any.to_v6().to_bytes());
}

TrustedProxies::TrustedProxies(const std::vector<std::string>& blocks) {
  for (const std::string& text : blocks) {
    const auto slash = text.find('/');
    const auto base = parse_address(std::string_view(text).substr(0, slash));
    std::optional<std::int64_t> bits;
    if (base) {
      const std::int64_t width = base->is_v4() ? 32 : 128;
      bits = slash == std::string::npos
                 ? width
                 : oidc::parse_unsigned(std::string_view(text).substr(slash + 1));
      if (bits && *bits > width) bits.reset();
      if (bits && base->is_v4()) *bits += 96;
    }
    if (!bits) {
      throw std::runtime_error("trusted_proxies: \"" + text +
                               "\" is neither an address nor a CIDR block such as 10.0.0.0/8");
    }
    blocks_.push_back({widened(*base), static_cast<unsigned>(*bits)});
  }
}

bool TrustedProxies::contains(const address& any) const {
  if (blocks_.empty()) return false;
  const auto bytes = widened(any).to_bytes();
  return std::ranges::any_of(blocks_, [&](const Block& block) {
    const auto network = block.network.to_bytes();
    const unsigned whole = block.bits / 8;
    if (!std::equal(bytes.begin(), bytes.begin() + whole, network.begin())) return false;
    const unsigned rest = block.bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
    return ((bytes[whole] ^ network[whole]) & mask) == 0;
  });
}

void apply_forwarded(Request& request, const address& peer, const TrustedProxies& trusted) {
  if (!trusted.contains(peer)) return;
  std::vector<std::string_view> hops;
  std::string_view proto;
  for (const auto& [name, value] : request.headers) {
    if (name == "x-forwarded-for") {
      for_each_element(value, [&](std::string_view hop) { hops.push_back(hop); });
    } else if (name == "x-forwarded-proto") {
      for_each_element(value, [&](std::string_view element) { proto = element; });
    }
  }
  if (!proto.empty()) request.is_https = oidc::equals_ignore_case(proto, "https");
  // From the right: each hop was written by the one after it, so it counts only as long as that one
  // is trusted.
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto parsed = parse_element(*hop);
    if (!parsed) return;
    request.client_address = parsed->to_string();
    if (!trusted.contains(*parsed)) return;
  }
}

}  // namespace server::http

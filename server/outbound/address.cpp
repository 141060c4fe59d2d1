#include "server/outbound/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

#include "oidc/base/text.h"

namespace server::outbound {
namespace {

constexpr unsigned kMappedBits = 96;  // the prefix of an IPv4 address among the sixteen bytes

struct Ipv4Block {
  std::uint32_t network;
  unsigned bits;
};
// Everything in IPv4 that is not public unicast.
constexpr Ipv4Block kClosedIpv4[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // carrier-grade NAT, RFC 6598
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, with the metadata services of clouds
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, broadcast
};

bool is_public_ipv4(std::uint32_t address) {
  return std::ranges::none_of(kClosedIpv4, [&](const Ipv4Block& block) {
    return (address ^ block.network) >> (32 - block.bits) == 0;
  });
}

using Bytes = std::array<std::uint8_t, 16>;

bool in_block(const Bytes& address, const Bytes& network, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(address.begin(), address.begin() + whole, network.begin())) return false;
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return ((address[whole] ^ network[whole]) & mask) == 0;
}

std::uint32_t last_four(const Bytes& bytes) {
  return static_cast<std::uint32_t>(bytes[12]) << 24 | static_cast<std::uint32_t>(bytes[13]) << 16 |
         static_cast<std::uint32_t>(bytes[14]) << 8 | bytes[15];
}

struct Ipv6Block {
  Bytes network;
  unsigned bits;
};
constexpr Ipv6Block kGlobalUnicast = {{0x20}, 3};
constexpr Ipv6Block kNat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};
// What is not public within 2000::/3; all outside of it is closed anyway: ::, ::1, IPv4-compatible,
// 64:ff9b:1::/48, unique local, link-local, site-local, multicast.
constexpr Ipv6Block kClosedIpv6[] = {
    {{0x20, 0x01}, 23},              // protocol assignments: Teredo, benchmarks, ORCHID
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02}, 16},              // 6to4
    {{0x3f, 0xff}, 20},              // documentation
};

// One part of a loose IPv4 address.
std::optional<std::uint64_t> parse_part(std::string_view text) {
  unsigned base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
    if (text.empty()) return 0;  // inet_aton reads "0x" as 0
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  if (text.empty() || text.size() > 40) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    unsigned digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
    if (value > 0xffffffffULL) return std::nullopt;
  }
  return value;
}

}  // namespace

Address Address::from_ipv4(std::uint32_t host_order) {
  Bytes bytes{};
  bytes[10] = bytes[11] = 0xff;
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i) & 0xff);
  }
  return Address(bytes);
}

std::optional<Address> Address::parse(std::string_view text) {
  const std::string owned(text);
  if (owned.empty() || owned.size() > 45 || owned.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  in_addr four{};
  if (::inet_pton(AF_INET, owned.c_str(), &four) == 1) return from_ipv4(ntohl(four.s_addr));
  in6_addr six{};
  if (::inet_pton(AF_INET6, owned.c_str(), &six) != 1) return std::nullopt;
  Bytes bytes{};
  std::copy(std::begin(six.s6_addr), std::end(six.s6_addr), bytes.begin());
  return Address(bytes);
}

bool Address::is_ipv4() const {
  return in_block(bytes_, from_ipv4(0).bytes_, kMappedBits);
}

std::uint32_t Address::ipv4() const {
  return last_four(bytes_);
}

std::string Address::to_string() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_ipv4()) {
    in_addr four{htonl(ipv4())};
    ::inet_ntop(AF_INET, &four, text, sizeof text);
  } else {
    in6_addr six{};
    std::ranges::copy(bytes_, std::begin(six.s6_addr));
    ::inet_ntop(AF_INET6, &six, text, sizeof text);
  }
  return text;
}

std::optional<Address> parse_loose_ipv4(std::string_view text) {
  std::uint64_t value = 0;
  for (int part = 1; part <= 4; ++part) {
    const auto dot = text.find('.');
    const auto number = parse_part(text.substr(0, dot));
    if (!number) return std::nullopt;
    if (dot == std::string_view::npos) {
      // The last part fills the bytes that are left.
      if (*number >> (8 * (5 - part)) != 0) return std::nullopt;
      value = value << (8 * (5 - part)) | *number;
      return Address::from_ipv4(static_cast<std::uint32_t>(value));
    }
    if (*number > 255) return std::nullopt;
    value = value << 8 | *number;
    text.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

bool is_public(const Address& address) {
  if (address.is_ipv4()) return is_public_ipv4(address.ipv4());
  const Bytes& bytes = address.bytes();
  if (in_block(bytes, kNat64.network, kNat64.bits)) return is_public_ipv4(last_four(bytes));
  if (!in_block(bytes, kGlobalUnicast.network, kGlobalUnicast.bits)) return false;
  return std::ranges::none_of(kClosedIpv6, [&](const Ipv6Block& block) {
    return in_block(bytes, block.network, block.bits);
  });
}

AddressBlocks::AddressBlocks(const std::vector<std::string>& blocks) {
  for (const std::string& text : blocks) {
    const auto slash = text.find('/');
    const auto base = Address::parse(std::string_view(text).substr(0, slash));
    std::optional<std::int64_t> bits;
    if (base) {
      // An IPv4 block counts its own 32 bits; written as ::ffff:… it counts all 128.
      const bool dotted = text.find(':') == std::string::npos;
      const std::int64_t width = dotted ? 32 : 128;
      bits = slash == std::string::npos
                 ? width
                 : oidc::parse_unsigned(std::string_view(text).substr(slash + 1));
      if (bits && *bits > width) bits.reset();
      if (bits && dotted) *bits += kMappedBits;
    }
    if (!bits) {
      throw std::runtime_error("outbound_allowed_addresses: \"" + text +
                               "\" is neither an address nor a CIDR block such as 10.0.0.0/8");
    }
    blocks_.push_back({base->bytes(), static_cast<unsigned>(*bits)});
  }
}

bool AddressBlocks::contains(const Address& address) const {
  return std::ranges::any_of(blocks_, [&](const Block& block) {
    return in_block(address.bytes(), block.network, block.bits);
  });
}

}  // namespace server::outbound

// Owns: what an IP address is to outgoing requests: how it may be written, whether it is public
// (IANA special-purpose registries, RFC 6890), and whether an operator's list holds it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace server::outbound {

// Sixteen bytes; an IPv4 address is kept as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so that both ways
// of writing it are one value.
class Address {
 public:
  static Address from_ipv4(std::uint32_t host_order);
  static Address from_bytes(const std::array<std::uint8_t, 16>& bytes) { return Address(bytes); }
  // Dotted-quad or IPv6 text without brackets and zone, as inet_pton(3) reads it.
  static std::optional<Address> parse(std::string_view text);

  bool is_ipv4() const;
  // Only for is_ipv4().
  std::uint32_t ipv4() const;
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  // "192.0.2.1" or "2001:db8::1".
  std::string to_string() const;
  bool operator==(const Address&) const = default;

 private:
  explicit Address(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}
  std::array<std::uint8_t, 16> bytes_;
};

// The forms inet_aton(3) takes: one to four parts, each decimal, octal (leading 0) or hexadecimal
// (leading 0x), the last one filling what is left: "2130706433", "0177.1", "127.1".
std::optional<Address> parse_loose_ipv4(std::string_view text);

// Public unicast, reachable from anywhere. An address that carries an IPv4 address for NAT64
// (64:ff9b::/96, RFC 6052) is what that one is; 6to4, Teredo and local NAT64 prefixes are refused.
bool is_public(const Address& address);

// Addresses and CIDR blocks.
class AddressBlocks {
 public:
  // Throws std::runtime_error with one sentence about the first entry that is neither.
  explicit AddressBlocks(const std::vector<std::string>& blocks);
  bool contains(const Address& address) const;

 private:
  struct Block {
    std::array<std::uint8_t, 16> network;
    unsigned bits = 0;  // of 128
  };
  std::vector<Block> blocks_;
};

}  // namespace server::outbound

// Owns: who is at the other end when a proxy stands between: X-Forwarded-For and X-Forwarded-Proto,
// believed only from trusted peers. Never looks at X-Forwarded-Host: the host comes from the table.
#pragma once
#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"

namespace server::http {

class TrustedProxies {
 public:
  // Addresses ("10.0.0.1", "::1") and CIDR blocks ("10.0.0.0/8"). Throws std::runtime_error with
  // one sentence at the first that is neither.
  explicit TrustedProxies(const std::vector<std::string>& blocks);
  bool contains(const boost::asio::ip::address& address) const;

 private:
  struct Block {
    boost::asio::ip::address_v6 network;  // IPv4 as ::ffff:0:0/96
    unsigned bits = 128;
  };
  std::vector<Block> blocks_;
};

// An IPv4-mapped IPv6 address as IPv4; any other without its zone.
boost::asio::ip::address unmapped(const boost::asio::ip::address& address);

// For a request from a trusted peer: sets client_address to the rightmost address that no trusted
// proxy has, and is_https to what the nearest proxy said, if it said anything.
void apply_forwarded(Request& request, const boost::asio::ip::address& peer,
                     const TrustedProxies& trusted);

}  // namespace server::http

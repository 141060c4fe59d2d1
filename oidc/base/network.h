// Owns: which network an address belongs to, for counting. One household or machine controls a
// whole IPv6 /64, so its addresses count as one.
#pragma once
#include <string>

namespace oidc {
// "2001:db8:0:1::/64" for an IPv6 address, anything else unchanged.
std::string network_of(const std::string& address);
}  // namespace oidc

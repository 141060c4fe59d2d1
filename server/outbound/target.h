// Owns: reading the URL of an outgoing request as what it means: host, port, and the addresses that
// it names without a look-up. Does not look names up.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/outbound/address.h"

namespace server::outbound {

struct Target {
  std::string host;  // lower case, no trailing dot; an address in its usual form, without brackets
  int port = 443;
  std::string url;  // rebuilt from the parts, so that nobody reads it another way
  // The addresses when no look-up is needed: a literal one, or those of "localhost" (RFC 6761
  // §6.3). Empty for other names.
  std::vector<Address> literal;
};

// Empty unless it is https with a host, without user name and fragment, on port 443 or above 1023.
// Names have at least two labels ("localhost" apart) and consist of letters, digits, '-' and '_'.
std::optional<Target> read_target(std::string_view url);

// Whether a request may be sent to `address`.
bool may_reach(const Address& address, const AddressBlocks& allowed);

}  // namespace server::outbound

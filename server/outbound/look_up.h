// Owns: the system's look-up of host names (getaddrinfo), with bounded waiting. Blocks: for threads
// of a pool only.
#pragma once
#include <string>
#include <vector>

namespace server::outbound {

// The addresses of `name` as text, in the order the system prefers (RFC 6724); none when there are
// none. Takes a few seconds at most, whatever the name servers do.
std::vector<std::string> look_up(const std::string& name);

}  // namespace server::outbound

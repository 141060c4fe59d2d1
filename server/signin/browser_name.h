// Owns: a short name for a browser from its User-Agent field (RFC 9110 §10.1.5), as people read it
// where they decide whether it was them: "Firefox on Android". Made of our own words only, because
// the field is whatever the sender likes.
#pragma once
#include <string>
#include <string_view>

namespace server::signin {

// Empty when nothing in it is known. Reads the first 512 bytes.
std::string browser_name(std::string_view user_agent);

}  // namespace server::signin

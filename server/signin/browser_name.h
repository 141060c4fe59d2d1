// Owns: what is kept of a browser, from its User-Agent field (RFC 9110 §10.1.5). Made of names of
// our own list only, because the field is whatever the sender likes. page::browser_text() says it
// in the reader's language.
#pragma once
#include <string>
#include <string_view>

namespace server::signin {

// "Firefox/Android"; either may be missing, as in "/Linux". Empty when nothing in it is known.
// Reads the first 512 bytes.
std::string browser_name(std::string_view user_agent);

}  // namespace server::signin

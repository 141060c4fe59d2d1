#include "server/observe/event_id.h"

#include <stdexcept>

#include "oidc/base/text.h"

namespace server::observe {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kCharacters = 16;  // 80 bits, 5 in each

std::string group(std::string_view characters) {
  std::string out = "LK";
  for (std::size_t i = 0; i < characters.size(); i += 4) {
    out.append("-").append(characters.substr(i, 4));
  }
  return out;
}

}  // namespace

std::string make_event_id(std::string_view random_bytes) {
  if (random_bytes.size() != kEventIdBytes) {
    throw std::invalid_argument("an event id is made from 10 bytes");
  }
  std::string characters;
  unsigned buffer = 0;
  unsigned bits = 0;
  for (const char byte : random_bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(byte);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      characters += kAlphabet[(buffer >> bits) & 31];
    }
  }
  return group(characters);
}

std::optional<std::string> parse_event_id(std::string_view typed) {
  if (typed.size() > 64) return std::nullopt;
  std::string characters;
  for (const char lower : oidc::to_lower_ascii(typed)) {
    if (lower == '-' || lower == ' ') continue;
    characters += lower >= 'a' && lower <= 'z' ? static_cast<char>(lower - 32) : lower;
  }
  if (characters.size() == kCharacters + 2 && characters.starts_with("LK")) {
    characters.erase(0, 2);
  }
  if (characters.size() != kCharacters) return std::nullopt;
  for (char& c : characters) {
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    if (kAlphabet.find(c) == std::string_view::npos) return std::nullopt;
  }
  return group(characters);
}

}  // namespace server::observe

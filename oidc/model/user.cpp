#include "oidc/model/user.h"

#include "oidc/base/text.h"

namespace oidc::model {
namespace {

// U+FF01 to U+FF5E are "full width" copies of 0x21 to 0x7e: what NFKC would make of them.
std::string narrow_full_width(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto a = static_cast<unsigned char>(text[i]);
    if (a == 0xef && text.size() - i >= 3) {
      const auto b = static_cast<unsigned char>(text[i + 1]);
      const auto c = static_cast<unsigned char>(text[i + 2]);
      const unsigned point = 0xf000u | ((b & 0x3fu) << 6) | (c & 0x3fu);
      if (point >= 0xff01 && point <= 0xff5e) {
        out.push_back(static_cast<char>(point - 0xff01 + 0x21));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

}  // namespace

std::string plain_email(std::string_view address) {
  const std::string narrow = narrow_full_width(address);
  return std::string(trim(narrow));
}

std::optional<std::string> fold_email(std::string_view address) {
  if (address.size() > 1024 || !is_clean_utf8(address)) return std::nullopt;
  std::string fold = to_lower_ascii(trim(narrow_full_width(address)));
  if (fold.size() < 3 || fold.size() > 254) return std::nullopt;
  const auto at = fold.find('@');
  if (at == 0 || at == std::string::npos || at + 1 == fold.size()) return std::nullopt;
  if (fold.find('@', at + 1) != std::string::npos || at > 64) return std::nullopt;
  for (char c : fold) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == ',' ||
        c == ';' || c == ':' || c == '(' || c == ')' || c == '[' || c == ']') {
      return std::nullopt;
    }
  }
  return fold;
}

}  // namespace oidc::model

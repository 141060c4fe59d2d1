// Owns: the character classes of HTTP fields (RFC 9110 §5.6.2) that parsing and writing share.
#pragma once
#include <string_view>

namespace server::http {

// 1*tchar.
bool is_token(std::string_view text);
// Holds a control character (0x00 to 0x1f, 0x7f); `tab` is one unless `allow_tab`.
bool has_control(std::string_view text, bool allow_tab);
// Calls `each` with every element of a comma-separated list, without the white space around it;
// empty elements are left out (RFC 9110 §5.6.1.2). Quoted strings are not understood.
template <class Each>
void for_each_element(std::string_view list, Each each) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    std::string_view element = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) {
      element.remove_prefix(1);
    }
    while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) {
      element.remove_suffix(1);
    }
    if (!element.empty()) each(element);
  }
}

}  // namespace server::http

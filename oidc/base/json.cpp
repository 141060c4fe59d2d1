#include "oidc/base/json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "oidc/base/text.h"

namespace oidc {

std::unique_ptr<nlohmann::json> parse_json_object(std::string_view text, std::size_t max_bytes,
                                                  int max_depth) {
  using json = nlohmann::json;
  // The parser takes a NUL for the end of the text, and skips a byte order mark (RFC 8259 §8.1).
  if (text.size() > max_bytes || text.find('\0') != std::string_view::npos ||
      text.starts_with("\xef\xbb\xbf")) {
    return nullptr;
  }
  bool sound = true;
  std::vector<std::set<std::string>> names;
  const json::parser_callback_t check = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > max_depth) sound = false;
    switch (event) {
      case json::parse_event_t::object_start:
        names.emplace_back();
        break;
      case json::parse_event_t::object_end:
        if (!names.empty()) names.pop_back();
        break;
      case json::parse_event_t::key: {
        const auto& name = value.get_ref<const std::string&>();
        if (!is_clean_utf8(name) || names.empty() || !names.back().insert(name).second) {
          sound = false;
        }
        break;
      }
      case json::parse_event_t::value:
        if (value.is_string() && !is_clean_utf8(value.get_ref<const std::string&>())) {
          sound = false;
        }
        break;
      default:
        break;
    }
    return sound;
  };
  auto value = std::make_unique<json>(json::parse(text, check, /*allow_exceptions=*/false));
  if (!sound || value->is_discarded() || !value->is_object()) return nullptr;
  return value;
}

std::optional<std::string> string_member(const nlohmann::json& object, std::string_view name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace oidc

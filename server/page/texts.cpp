#include "server/page/texts.h"

#include <algorithm>

#include "server/page/library.h"
#include "server/page/look.h"

namespace server::page {
namespace {

bool is_place_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

const std::string* find_text(std::string_view language, std::string_view key) {
  const auto& texts = library().texts;
  for (const std::string_view candidate : {language, std::string_view("en")}) {
    const auto table = texts.find(candidate);
    if (table == texts.end()) continue;
    if (const auto found = table->second.find(key); found != table->second.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

void split_text(std::string_view text,
                const std::function<void(std::string_view part, bool is_place)>& visit) {
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) {
      visit(text, false);
      return;
    }
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const bool is_place = is_place_name(name);
    if (open > 0) visit(text.substr(0, open), false);
    visit(is_place ? name : text.substr(open, close - open + 1), is_place);
    text.remove_prefix(close + 1);
  }
}

std::string text(std::string_view language, std::string_view key, const PlaceValues& values) {
  const std::string* found = find_text(language, key);
  if (found == nullptr) return std::string(key);
  const bool isolated = is_right_to_left(language);
  std::string out;
  split_text(*found, [&](std::string_view part, bool is_place) {
    if (!is_place) {
      out += part;
      return;
    }
    const auto value = std::ranges::find(values, part, [](const auto& pair) { return pair.first; });
    if (value == values.end() || value->second.empty()) return;
    // A value may read in the other direction (UAX #9 §2.2: first strong isolate, end of it).
    out += isolated ? "\u2068" + value->second + "\u2069" : value->second;
  });
  return out;
}

bool has_text(std::string_view key) {
  return find_text("en", key) != nullptr;
}

}  // namespace server::page

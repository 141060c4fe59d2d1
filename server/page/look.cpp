#include "server/page/look.h"

#include <algorithm>

#include "oidc/base/text.h"

namespace server::page {
namespace {

constexpr std::size_t kMostTags = 30;

// The language of ours that a BCP 47 tag is served by: by its first part, as "zh-Hans-CN" by "zh"
// (RFC 4647 §3.4, which drops parts from the end). Nothing for others.
const std::string* find_language(std::string_view tag) {
  const std::string first = oidc::to_lower_ascii(tag.substr(0, tag.find_first_of("-_")));
  const auto& known = languages();
  const auto found = std::ranges::find(known, first);
  return found == known.end() ? nullptr : &*found;
}

// RFC 9110 §12.4.2: "0.5" as 500. What can't be read weighs nothing.
int weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  int value = (text[0] - '0') * 1000;
  if (text.size() == 1) return value;
  if (text[1] != '.') return 0;
  int place = 100;
  for (const char c : text.substr(2)) {
    if (c < '0' || c > '9') return 0;
    value += (c - '0') * place;
    place /= 10;
  }
  return std::min(value, 1000);
}

struct Range {
  std::string_view tag;
  int weight = 1000;
};

Range read_range(std::string_view part) {
  const std::size_t semicolon = part.find(';');
  Range range{oidc::trim(part.substr(0, semicolon))};
  if (semicolon == std::string_view::npos) return range;
  const std::string_view parameter = oidc::trim(part.substr(semicolon + 1));
  const bool is_weight = parameter.starts_with("q=") || parameter.starts_with("Q=");
  range.weight = is_weight ? weight(oidc::trim(parameter.substr(2))) : 0;
  return range;
}

}  // namespace

const std::vector<std::string>& languages() {
  static const std::vector<std::string> tags = {"en", "de", "fr", "es", "pt", "ja", "zh", "ar"};
  return tags;
}

std::string pick_language(std::string_view ui_locales, std::string_view accept_language,
                          std::string_view fallback) {
  std::size_t count = 0;
  while (!ui_locales.empty() && ++count <= kMostTags) {
    const std::size_t space = ui_locales.find(' ');
    if (const auto* found = find_language(ui_locales.substr(0, space))) return *found;
    ui_locales.remove_prefix(space == std::string_view::npos ? ui_locales.size() : space + 1);
  }
  const std::string* best = nullptr;
  int best_weight = 0;
  count = 0;
  while (!accept_language.empty() && ++count <= kMostTags) {
    const std::size_t comma = accept_language.find(',');
    const Range range = read_range(accept_language.substr(0, comma));
    accept_language.remove_prefix(comma == std::string_view::npos ? accept_language.size()
                                                                  : comma + 1);
    const auto* found = find_language(range.tag);
    // Of equals the first: browsers list the best first.
    if (found == nullptr || range.weight <= best_weight) continue;
    best = found;
    best_weight = range.weight;
  }
  if (best != nullptr) return *best;
  const auto* found = find_language(fallback);
  return found != nullptr ? *found : "en";
}

bool is_right_to_left(std::string_view language) {
  return language == "ar";
}

}  // namespace server::page

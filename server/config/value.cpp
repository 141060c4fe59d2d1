#include "server/config/value.h"

#include <algorithm>
#include <array>
#include <utility>

#include "oidc/base/text.h"

namespace server::config {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
// "ms" is looked for before "m" and "s".
constexpr std::array kUnits = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"ms", 1},
                               Unit{"m", 60'000}, Unit{"s", 1'000}};

std::pair<std::string_view, std::string_view> split_range(std::string_view limits) {
  const auto dots = limits.find("..");
  if (dots == std::string_view::npos) return {};
  return {limits.substr(0, dots), limits.substr(dots + 2)};
}

bool is_clean_line(std::string_view text) {
  if (!oidc::is_clean_utf8(text)) return false;
  return std::none_of(text.begin(), text.end(),
                      [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

std::string alternatives(std::string_view choices) {
  std::string out;
  while (true) {
    const auto bar = choices.find('|');
    if (bar == std::string_view::npos) return out.append(" or ").append(choices);
    if (!out.empty()) out += ", ";
    out += choices.substr(0, bar);
    choices.remove_prefix(bar + 1);
  }
}

bool is_choice(std::string_view text, std::string_view choices) {
  while (true) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == text) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  for (const auto& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const auto digits = text.substr(0, text.size() - unit.name.size());
    const auto count = oidc::parse_unsigned(digits);
    if (!count || digits.size() > 9) return std::nullopt;
    return milliseconds(*count * unit.milliseconds);
  }
  return std::nullopt;
}

std::string write_duration(milliseconds value) {
  if (value.count() == 0) return "0s";
  Unit best{"ms", 1};
  for (const auto& unit : kUnits) {
    const bool fits = value.count() % unit.milliseconds == 0;
    if (fits && unit.milliseconds > best.milliseconds) best = unit;
  }
  return std::to_string(value.count() / best.milliseconds).append(best.name);
}

ReadResult read_value(std::string_view text, std::string_view limits, std::string& value) {
  if (!is_clean_line(text)) return std::unexpected("text in UTF-8 without control characters");
  if (limits.find('|') != std::string_view::npos && !is_choice(text, limits)) {
    return std::unexpected(alternatives(limits));
  }
  if (const auto [least, most] = split_range(limits); !most.empty()) {
    const auto size = static_cast<std::int64_t>(text.size());
    if (size < oidc::parse_unsigned(least).value() || size > oidc::parse_unsigned(most).value()) {
      return std::unexpected("text of " + std::string(least) + " to " + std::string(most) +
                             " bytes");
    }
  }
  value = text;
  return {};
}

ReadResult read_value(std::string_view text, std::string_view limits, std::int64_t& value) {
  const auto [least, most] = split_range(limits);
  const auto number = oidc::parse_unsigned(text);
  if (!number || *number < oidc::parse_unsigned(least).value() ||
      *number > oidc::parse_unsigned(most).value()) {
    return std::unexpected("a whole number from " + std::string(least) + " to " +
                           std::string(most));
  }
  value = *number;
  return {};
}

ReadResult read_value(std::string_view text, std::string_view limits, milliseconds& value) {
  const auto [least, most] = split_range(limits);
  const auto duration = parse_duration(text);
  if (!duration || *duration < parse_duration(least).value() ||
      *duration > parse_duration(most).value()) {
    return std::unexpected("a duration from " + std::string(least) + " to " + std::string(most) +
                           ", such as 30s, 10m, 12h or 30d");
  }
  value = *duration;
  return {};
}

ReadResult read_value(std::string_view text, std::string_view, bool& value) {
  if (text != "true" && text != "false") return std::unexpected("true or false");
  value = text == "true";
  return {};
}

ReadResult read_value(std::string_view text, std::string_view, std::vector<std::string>& value) {
  constexpr std::size_t kMaxEntries = 1000;
  std::vector<std::string> entries;
  const auto refuse = std::unexpected(
      std::string("a comma-separated list without empty entries or control characters, of at most ")
          .append(std::to_string(kMaxEntries)));
  if (!is_clean_line(text)) return refuse;
  while (!oidc::trim(text).empty() || !entries.empty()) {
    const auto comma = text.find(',');
    const auto entry = oidc::trim(text.substr(0, comma));
    if (entry.empty() || entries.size() == kMaxEntries) return refuse;
    entries.emplace_back(entry);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  value = std::move(entries);
  return {};
}

std::string write_value(const std::string& value) {
  return value;
}
std::string write_value(std::int64_t value) {
  return std::to_string(value);
}
std::string write_value(milliseconds value) {
  return write_duration(value);
}
std::string write_value(bool value) {
  return value ? "true" : "false";
}
std::string write_value(const std::vector<std::string>& value) {
  std::string out;
  for (const auto& entry : value) {
    if (!out.empty()) out += ',';
    out += entry;
  }
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace server::config

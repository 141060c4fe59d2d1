#include "server/page/display.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "oidc/base/text.h"
#include "server/page/texts.h"

namespace server::page {
namespace {

// Length of the UTF-8 sequence that starts with `lead`; the text is known to be well formed.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

// U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069 (text direction), U+2028, U+2029
// (line ends), U+0080 to U+009F (controls).
bool is_misleading(std::string_view character) {
  if (character.size() == 2) {
    return character == "\xd8\x9c" || (character[0] == '\xc2' && character < "\xc2\xa0");
  }
  if (character.size() != 3 || character[0] != '\xe2') return false;
  const auto last = static_cast<unsigned char>(character[2]);
  if (character[1] == '\x80') return last == 0x8e || last == 0x8f || (last >= 0xa8 && last <= 0xae);
  return character[1] == '\x81' && last >= 0xa6 && last <= 0xa9;
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

constexpr std::int64_t kYear10000 = 253'402'300'800;

std::string two_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

// Of the plural forms of our languages (Unicode CLDR): Arabic tells them all apart.
std::string plural(std::int64_t count) {
  if (count == 1) return "one";
  if (count == 2) return "two";
  return count % 100 >= 3 && count % 100 <= 10 ? "few" : "many";
}

PlaceValues count_of(std::int64_t count) {
  return {{"count", std::to_string(count)}};
}

}  // namespace

std::string display_name(std::string_view name, std::size_t limit) {
  const std::string safe =
      oidc::is_clean_utf8(name) ? std::string(name) : oidc::to_description(name);
  std::string out;
  std::size_t characters = 0;
  bool blank = false;
  for (std::size_t at = 0; at < safe.size();) {
    const std::size_t length = sequence_length(static_cast<unsigned char>(safe[at]));
    const std::string_view character = std::string_view(safe).substr(at, length);
    at += length;
    const auto code = static_cast<unsigned char>(character[0]);
    if (code <= 0x20 || code == 0x7f) {
      blank = !out.empty();
      continue;
    }
    if (is_misleading(character)) continue;
    if (characters >= limit) return out + "…";
    if (blank) {
      out += ' ';
      ++characters;
    }
    blank = false;
    out += character;
    ++characters;
  }
  return out;
}

std::string initial(std::string_view name) {
  const std::string shown = display_name(name);
  if (shown.empty()) return {};
  std::string first = shown.substr(0, sequence_length(static_cast<unsigned char>(shown[0])));
  if (first[0] >= 'a' && first[0] <= 'z') first[0] = static_cast<char>(first[0] - 'a' + 'A');
  return first;
}

std::string waiting_time(std::string_view language, std::int64_t seconds) {
  const std::int64_t minutes = std::max<std::int64_t>(1, seconds / 60 + (seconds % 60 > 0 ? 1 : 0));
  if (minutes < 120) return text(language, "time_minutes_" + plural(minutes), count_of(minutes));
  const std::int64_t hours = minutes / 60 + (minutes % 60 > 0 ? 1 : 0);
  return text(language, "time_hours_" + plural(hours), count_of(hours));
}

std::string date_time(std::string_view language, std::int64_t seconds) {
  if (seconds < 0 || seconds >= kYear10000) return {};
  const std::chrono::sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  // Digits and their marks have a direction of their own everywhere: no isolation.
  std::string out;
  const std::string* pattern = find_text(language, "time_date");
  split_text(pattern != nullptr ? *pattern : std::string(), [&](std::string_view part, bool place) {
    if (!place) {
      out += part;
    } else if (part == "year") {
      out += std::to_string(static_cast<int>(date.year()));
    } else if (part == "month") {
      out += two_digits(static_cast<unsigned>(date.month()));
    } else if (part == "day") {
      out += two_digits(static_cast<unsigned>(date.day()));
    } else {
      out += two_digits(clock.hours().count()) + ":" + two_digits(clock.minutes().count());
    }
  });
  return out;
}

std::string utc_time(std::string_view seconds) {
  constexpr std::array<std::string_view, 12> kMonths = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  const auto count = oidc::parse_unsigned(seconds);
  if (!count || *count >= kYear10000) return {};
  const std::chrono::sys_seconds time{std::chrono::seconds(*count)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::string out = std::to_string(static_cast<unsigned>(date.day())) + " ";
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += " " + std::to_string(static_cast<int>(date.year())) + ", ";
  out += two_digits(clock.hours().count()) + ":" + two_digits(clock.minutes().count()) + ":";
  return out + two_digits(clock.seconds().count()) + " UTC";
}

std::string browser_text(std::string_view language, std::string_view kept) {
  const std::size_t cut = kept.find('/');
  std::string browser(kept.substr(0, cut));
  const std::string system(cut == std::string_view::npos ? "" : kept.substr(cut + 1));
  if (system.empty()) return browser;
  return text(language, "browser_on_system",
              {{"browser", browser.empty() ? text(language, "account_unknown_browser") : browser},
               {"system", system}});
}

std::string requester_text(std::string_view language, std::string_view kept_browser,
                           const std::string& address) {
  const std::string browser = browser_text(language, kept_browser);
  if (browser.empty()) return address;
  return text(language, "browser_at_address", {{"browser", browser}, {"address", address}});
}

std::string_view https_link(std::string_view uri) {
  constexpr std::string_view kHttps = "https://";
  return uri.size() > kHttps.size() && oidc::to_lower_ascii(uri.substr(0, kHttps.size())) == kHttps
             ? uri
             : std::string_view();
}

bool is_policy_source(std::string_view source) {
  const std::size_t colon = source.find(':');
  if (colon == std::string_view::npos || colon == 0 || source.size() > 300) return false;
  const std::string_view scheme = source.substr(0, colon);
  if (!is_alnum(scheme[0]) || (scheme[0] >= '0' && scheme[0] <= '9')) return false;
  if (!std::ranges::all_of(
          scheme, [](char c) { return is_alnum(c) || c == '+' || c == '.' || c == '-'; })) {
    return false;
  }
  const std::string_view rest = source.substr(colon + 1);
  if (rest.empty()) return true;
  if ((scheme != "https" && scheme != "http") || !rest.starts_with("//") || rest.size() < 3) {
    return false;
  }
  return std::ranges::all_of(rest.substr(2), [](char c) {
    return is_alnum(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
  });
}

}  // namespace server::page

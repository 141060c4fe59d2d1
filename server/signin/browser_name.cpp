#include "server/signin/browser_name.h"

#include <span>

namespace server::signin {
namespace {

constexpr std::size_t kMostBytes = 512;

struct Word {
  std::string_view mark, name;
};
// Most name others as well, so the order decides: the more particular first.
constexpr Word kBrowsers[] = {
    {"Edg/", "Edge"},
    {"EdgA/", "Edge"},
    {"EdgiOS/", "Edge"},
    {"OPR/", "Opera"},
    {"SamsungBrowser/", "Samsung Internet"},
    {"Vivaldi/", "Vivaldi"},
    {"FxiOS/", "Firefox"},
    {"Firefox/", "Firefox"},
    {"CriOS/", "Chrome"},
    {"Chromium/", "Chromium"},
    {"Chrome/", "Chrome"},
    {"Safari/", "Safari"},
};
constexpr Word kSystems[] = {
    {"Android", "Android"}, {"iPhone", "iPhone"},   {"iPad", "iPad"},      {"Windows", "Windows"},
    {"CrOS", "ChromeOS"},   {"Macintosh", "macOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
};

std::string_view first_of(std::span<const Word> words, std::string_view text) {
  for (const auto& word : words) {
    if (text.find(word.mark) != std::string_view::npos) return word.name;
  }
  return {};
}

}  // namespace

std::string browser_name(std::string_view user_agent) {
  const auto text = user_agent.substr(0, kMostBytes);
  const auto browser = first_of(kBrowsers, text);
  const auto system = first_of(kSystems, text);
  if (browser.empty() && system.empty()) return {};
  return std::string(browser) + "/" + std::string(system);
}

}  // namespace server::signin

#include "server/config/option_table.h"

#include <algorithm>

namespace server::config {
namespace {

const std::vector<Option>& table() {
  static const std::vector<Option> rows = [] {
    std::vector<Option> all;
    std::string_view section;
#define OPTION_SECTION(title) section = title;
#define OPTION(option, option_kind, default_text, limit_text, option_flags, help_text, doc_text) \
  all.push_back(Option{section, #option, OptionType::option_kind, default_text, limit_text,      \
                       option_flags, help_text, doc_text,                                        \
                       [](std::string_view text, std::string_view limits, Config& config) {      \
                         return read_value(text, limits, config.option);                         \
                       },                                                                        \
                       [](const Config& config) { return write_value(config.option); }});
#include "server/config/options.def"
    return all;
  }();
  return rows;
}

}  // namespace

std::span<const Option> options() {
  return table();
}

const Option* find_option(std::string_view name, bool* is_file_form) {
  constexpr std::string_view kFile = "_file";
  for (const auto& option : options()) {
    if (name == option.name) {
      *is_file_form = false;
      return &option;
    }
    if (option.is_secret() && name.ends_with(kFile) &&
        name.substr(0, name.size() - kFile.size()) == option.name) {
      *is_file_form = true;
      return &option;
    }
  }
  return nullptr;
}

std::string nearest_name(std::string_view name) {
  std::string best;
  std::size_t least = ~std::size_t{0};
  const auto consider = [&](std::string candidate) {
    const auto distance = edit_distance(name, candidate);
    if (distance >= least) return;
    least = distance;
    best = std::move(candidate);
  };
  for (const auto& option : options()) {
    consider(std::string(option.name));
    if (option.is_secret()) consider(std::string(option.name) + "_file");
  }
  return best;
}

std::string flag_name(std::string_view name) {
  std::string out = "--" + std::string(name);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

std::string environment_name(std::string_view name) {
  std::string out = "LATCHKEY_";
  for (char c : name) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

}  // namespace server::config

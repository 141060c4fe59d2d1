#include "server/config/config.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "oidc/base/text.h"
#include "server/config/config_file.h"
#include "server/config/option_table.h"

namespace server::config {
namespace {

constexpr std::string_view kConfigName = "config";  // names the file, so it cannot stand in it
constexpr std::string_view kPrefix = "LATCHKEY_";
constexpr std::size_t kMaxSecretBytes = 64 * 1024;

// A flag without its dashes, spelt as in options.def.
std::string to_setting_name(std::string_view text) {
  std::string name(text);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool is_setting(std::string_view name) {
  bool is_file_form = false;
  return name == kConfigName || find_option(name, &is_file_form) != nullptr;
}

const std::string* find_value(const NamedValues& values, std::string_view name) {
  for (const auto& [key, value] : values) {
    if (key == name) return &value;
  }
  return nullptr;
}

// One value into the setting that its name means, there or in the file that it names.
std::expected<void, std::string> apply_value(const SourcedValue& entry, const Option& option,
                                             bool is_file_form, Loaded& loaded) {
  if (entry.is_array && option.type != OptionType::list) {
    return std::unexpected(entry.name + " must be a single value, not a list (" + entry.source +
                           ").");
  }
  std::string value = entry.value;
  std::string source = entry.source;
  if (is_file_form) {
    auto text = read_text_file(entry.value, kMaxSecretBytes);
    if (!text) {
      return std::unexpected("The file named by " + entry.name + " " + text.error() + " (" +
                             entry.source + ").");
    }
    value = oidc::trim(*text);
    source = "file " + entry.value + " (" + entry.source + ")";
  }
  if (auto read = option.read(value, option.limits, loaded.config); !read) {
    std::string message = std::string(option.name) + " must be " + read.error();
    if (!option.is_secret()) message += ", not \"" + oidc::to_description(value) + "\"";
    return std::unexpected(message + " (" + source + ").");
  }
  loaded.sources[std::string(option.name)] = source;
  return {};
}

// One level of the order default < file < environment < flag. Rejects `x` beside `x_file`.
std::expected<void, std::string> apply_level(const std::vector<SourcedValue>& level,
                                             Loaded& loaded) {
  std::map<const Option*, std::string> seen;
  for (const auto& entry : level) {
    bool is_file_form = false;
    const Option* option = find_option(entry.name, &is_file_form);
    if (!option) throw std::logic_error("a setting passed that is not in the list");
    if (const auto [it, is_new] = seen.emplace(option, entry.source); !is_new) {
      return std::unexpected("Give either " + std::string(option->name) + " or " +
                             std::string(option->name) + "_file, not both (" + it->second +
                             " and " + entry.source + ").");
    }
    if (auto applied = apply_value(entry, *option, is_file_form, loaded); !applied) {
      return applied;
    }
  }
  return {};
}

// The file's values; none when there is no file and none was asked for.
std::expected<std::vector<SourcedValue>, std::string> file_level(const Input& input) {
  std::string path = input.default_file;
  bool is_asked_for = false;
  if (const auto* flag = find_value(input.flags, kConfigName)) {
    path = *flag;
    is_asked_for = true;
  } else if (const auto* variable = find_value(input.environment, "LATCHKEY_CONFIG")) {
    path = *variable;
    is_asked_for = true;
  }
  std::error_code error;
  const bool is_absent =
      std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found;
  if (!is_asked_for && (path.empty() || is_absent)) return std::vector<SourcedValue>{};
  return read_config_file(path);
}

std::expected<std::vector<SourcedValue>, std::string> environment_level(const Input& input) {
  std::vector<SourcedValue> level;
  for (const auto& [key, value] : input.environment) {
    if (!key.starts_with(kPrefix)) continue;
    const auto name = oidc::to_lower_ascii(std::string_view(key).substr(kPrefix.size()));
    // environment_name() also refuses other spellings, such as Latchkey_Issuer in mixed case.
    if (!is_setting(name) || environment_name(name) != key) {
      return std::unexpected("The environment variable " + oidc::to_description(key) +
                             " is no setting; the nearest is " +
                             environment_name(nearest_name(name)) + ".");
    }
    if (name != kConfigName) level.push_back({name, value, "environment " + key, false});
  }
  return level;
}

}  // namespace

Config::Config() {
  for (const auto& option : options()) {
    if (auto read = option.read(option.default_value, option.limits, *this); !read) {
      throw std::logic_error("the default of " + std::string(option.name) + " must be " +
                             read.error());
    }
  }
}

bool Loaded::is_default(std::string_view name) const {
  const auto it = sources.find(name);
  return it == sources.end() || it->second == "default";
}

std::expected<Arguments, std::string> take_settings(const std::vector<std::string>& arguments) {
  Arguments out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--") {
      out.rest.insert(out.rest.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i),
                      arguments.end());
      break;
    }
    const auto equals = argument.find('=');
    const auto flag = argument.substr(0, equals);
    const auto name = flag.starts_with("--") ? to_setting_name(flag.substr(2)) : std::string();
    if (!is_setting(name)) {
      out.rest.emplace_back(argument);
      continue;
    }
    if (find_value(out.settings, name)) {
      return std::unexpected(flag_name(name) + " stands twice on the command line.");
    }
    if (equals != std::string_view::npos) {
      out.settings.emplace_back(name, argument.substr(equals + 1));
    } else if (i + 1 < arguments.size()) {
      out.settings.emplace_back(name, arguments[++i]);
    } else {
      return std::unexpected(flag_name(name) + " needs a value.");
    }
  }
  return out;
}

std::string unknown_argument(std::string_view argument) {
  const auto flag = argument.substr(0, argument.find('='));
  if (!flag.starts_with("--")) {
    return "The argument \"" + oidc::to_description(argument) + "\" is not expected here.";
  }
  return "There is no option " + oidc::to_description(flag) + " here; the nearest setting is " +
         flag_name(nearest_name(to_setting_name(flag.substr(2)))) + ".";
}

NamedValues environment_from(const char* const* environ_block) {
  NamedValues out;
  for (; environ_block && *environ_block; ++environ_block) {
    const std::string_view entry = *environ_block;
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    out.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

std::expected<Loaded, std::string> load(const Input& input) {
  Loaded loaded;
  for (const auto& option : options()) loaded.sources[std::string(option.name)] = "default";

  const auto file = file_level(input);
  if (!file) return std::unexpected(file.error());
  if (auto applied = apply_level(*file, loaded); !applied) return std::unexpected(applied.error());

  const auto environment = environment_level(input);
  if (!environment) return std::unexpected(environment.error());
  if (auto applied = apply_level(*environment, loaded); !applied) {
    return std::unexpected(applied.error());
  }

  std::vector<SourcedValue> flags;
  for (const auto& [name, value] : input.flags) {
    if (!is_setting(name)) return std::unexpected(unknown_argument(flag_name(name)));
    if (name != kConfigName) flags.push_back({name, value, "flag " + flag_name(name), false});
  }
  if (auto applied = apply_level(flags, loaded); !applied) return std::unexpected(applied.error());
  return loaded;
}

std::string in_data_dir(const Config& config, std::string_view path) {
  return (std::filesystem::path(config.data_dir) / path).lexically_normal().string();
}

}  // namespace server::config

// Owns: the settings: struct Config, where each value comes from, and everything said about them
// (help, --print-config, docs/configuration.md). The list itself is options.def. Does not open the
// database, bind addresses or parse sub-commands.
#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server::config {

// The C++ type of each type name in options.def.
namespace option_type {
using string = std::string;
using path = std::string;
using integer = std::int64_t;
using duration = std::chrono::milliseconds;
using boolean = bool;
using list = std::vector<std::string>;
}  // namespace option_type

// One plain member per row of options.def. A fresh Config holds the defaults.
struct Config {
  Config();
#define OPTION_SECTION(title)
#define OPTION(name, type, ...) option_type::type name{};
#include "server/config/options.def"
};

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// A command line, parted into settings and the rest.
struct Arguments {
  NamedValues settings;           // name as in options.def, value; `--config FILE` as "config"
  std::vector<std::string> rest;  // all other arguments in their order, for the sub-command
};
// Takes `--key value` and `--key=value` of settings, wherever they stand before a lone `--`. Dashes
// and underscores in a key mean the same. Errors: a sentence, when a value is missing or a setting
// stands twice.
std::expected<Arguments, std::string> take_settings(const std::vector<std::string>& arguments);

// What to say about an argument that nobody took: names the nearest setting.
std::string unknown_argument(std::string_view argument);

// The process's environment as pairs (`environ`); entries without '=' are left out.
NamedValues environment_from(const char* const* environ_block);

struct Input {
  NamedValues flags;        // Arguments::settings
  NamedValues environment;  // everything; only LATCHKEY_… counts
  // Read when it exists. `--config FILE` or LATCHKEY_CONFIG names another, which must exist.
  std::string default_file = "latchkey.toml";
};

struct Loaded {
  Config config;
  // Setting -> "default", "latchkey.toml line 3", "environment LATCHKEY_ISSUER", "flag --issuer".
  std::map<std::string, std::string, std::less<>> sources;

  bool is_default(std::string_view name) const;
};

// default < file < environment < flag. Errors: one sentence that names the setting and its source;
// unknown keys name the nearest known one; values of secrets are never repeated.
std::expected<Loaded, std::string> load(const Input& input);

// What stops `latchkey serve`: rules between settings, forms of addresses, files that are missing
// or that others can read. Empty when all is well; else one sentence each. Files below
// `credentials_directory` ($CREDENTIALS_DIRECTORY, guarded by systemd) are not held to a mode.
std::vector<std::string> check(const Config& config, std::string_view credentials_directory = {});

// Returns the issuer, unchanged. Errors: a sentence, unless `text` is an https origin in its one
// spelling (lower case, no default port, no path, query, fragment or user); http is accepted for a
// loopback host (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
std::expected<std::string, std::string> validate_issuer(std::string_view text);

// Errors: a sentence, when the file is no regular file, cannot be read, or its mode lets others
// than the owner in. `setting` is the name to blame.
std::expected<void, std::string> check_key_file(std::string_view setting, const std::string& path,
                                                std::string_view credentials_directory = {});

// `path` itself when it is absolute, else below config.data_dir.
std::string in_data_dir(const Config& config, std::string_view path);

// TOML that shows each value and, as a comment, its source. Secrets are masked.
std::string print_config(const Loaded& loaded);
// The settings part of --help.
std::string help_text();
// The contents of docs/configuration.md.
std::string markdown();

}  // namespace server::config

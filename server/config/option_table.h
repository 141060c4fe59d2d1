// Owns: the rows of options.def as data, and finding the row of a name. For this folder only.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "server/config/config.h"
#include "server/config/value.h"

namespace server::config {

enum class OptionType { string, path, integer, duration, boolean, list };
inline constexpr unsigned kPlain = 0;
inline constexpr unsigned kSecret = 1;

struct Option {
  std::string_view section;
  std::string_view name;
  OptionType type;
  std::string_view default_value;
  std::string_view limits;
  unsigned flags;
  std::string_view help;
  std::string_view doc;
  ReadResult (*read)(std::string_view text, std::string_view limits, Config& config);
  std::string (*write)(const Config& config);

  bool is_secret() const { return (flags & kSecret) != 0; }
};

// In the order of options.def.
std::span<const Option> options();
// Null when there is none. `is_file_form` tells whether `name` was the NAME_file of a secret.
const Option* find_option(std::string_view name, bool* is_file_form);
// The known name, NAME_file forms included, with the least edit distance.
std::string nearest_name(std::string_view name);

std::string flag_name(std::string_view name);         // data_dir -> --data-dir
std::string environment_name(std::string_view name);  // data_dir -> LATCHKEY_DATA_DIR

}  // namespace server::config

// Owns: reading latchkey.toml (TOML 1.0, flat: no tables) and text files. For this folder only; the
// only file that includes toml++ is config_file.cpp.
#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <vector>

namespace server::config {

struct SourcedValue {
  std::string name;  // a known setting or NAME_file
  std::string value;
  std::string source;
  bool is_array = false;
};

// The rows of the file, names checked. Errors: one sentence with the line.
std::expected<std::vector<SourcedValue>, std::string> read_config_file(const std::string& path);

// Errors: the end of a sentence that begins with the file: "cannot be read: Permission denied".
std::expected<std::string, std::string> read_text_file(const std::string& path,
                                                       std::size_t max_bytes);

}  // namespace server::config

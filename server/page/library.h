// Owns: the templates and texts that pages and mail are made from: those compiled in, and those of
// the operator's folder in their place. Read once; what was read stays until the program ends.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace server::page {

struct Library {
  using Table = std::map<std::string, std::string, std::less<>>;
  Table files;                                      // "partials/head.mustache" -> its source
  std::map<std::string, Table, std::less<>> texts;  // "de" -> key -> text
};

// What load_library() read last; at first what is compiled in.
const Library& library();

// Replaces what is compiled in by the files of `folder` (settings: templates_dir): templates by
// name, texts by key. An empty path: nothing is replaced. To be called before pages are made.
// Throws std::runtime_error with one sentence that names the file, for a folder that can't be read,
// a name that replaces nothing, and a file that isn't sound. The templates themselves are checked
// by check_templates().
void load_library(const std::filesystem::path& folder);

}  // namespace server::page

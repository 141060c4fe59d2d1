// Owns: the table of static files (style, script, icon) and the addresses that name their contents,
// so that browsers may keep them for ever. Knows no file system.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace server::page {

struct StaticFile {
  std::string_view contents;
  std::string_view media_type;
};

// "style.css" -> "/static/style.0123456789abcdef.css". Throws std::logic_error for unknown names.
const std::string& static_address(std::string_view name);

// The file at exactly that address, as static_address() gives it; nothing for any other text.
std::optional<StaticFile> find_static(std::string_view address);

}  // namespace server::page

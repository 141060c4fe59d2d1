// Owns: the version of the program, from CMakeLists.txt.
#pragma once
#include <string_view>
namespace server::config {
inline constexpr std::string_view kVersion = LATCHKEY_VERSION;
}  // namespace server::config

// Owns: strict reading of JSON that comes from outside: a size limit, a depth limit, no repeated
// member names, no NUL, valid UTF-8. Include <nlohmann/json.hpp> in the .cpp that uses the value.
#pragma once
#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace oidc {

// Returns null when `text` is no JSON object under these rules. `max_depth` counts nested arrays
// and objects. (A pointer, because json_fwd.hpp leaves the type incomplete.)
std::unique_ptr<nlohmann::json> parse_json_object(std::string_view text,
                                                  std::size_t max_bytes = 64 * 1024,
                                                  int max_depth = 12);
// A string member, or nothing when it is absent or no string.
std::optional<std::string> string_member(const nlohmann::json& object, std::string_view name);

}  // namespace oidc

// Owns: the shape of resources compiled into the program (templates, static files, schema).
#pragma once
#include <string_view>
#include <vector>

namespace oidc {
struct EmbeddedFile {
  std::string_view name;  // path below its folder, such as "login.mustache"
  std::string_view contents;
};
}  // namespace oidc

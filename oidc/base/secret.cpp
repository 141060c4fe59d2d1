#include "oidc/base/secret.h"

#include <cstring>

namespace oidc {

void wipe(std::string& text) noexcept {
  explicit_bzero(text.data(), text.size());
  text.clear();
}

}  // namespace oidc

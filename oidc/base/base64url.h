// Owns: base64url without padding (RFC 4648 §5, RFC 7515 §2). Strict: one text for each value.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace oidc {

std::string base64url_encode(std::string_view bytes);
// Empty when `text` has padding, white space, a foreign character or non-zero trailing bits.
std::optional<std::string> base64url_decode(std::string_view text);
// Standard base64 with padding (RFC 4648 §4), as in HTTP Basic (RFC 7617). Strict as above.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace oidc

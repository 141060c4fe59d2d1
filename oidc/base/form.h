// Owns: application/x-www-form-urlencoded, in queries and bodies (RFC 6749 appendix B, WHATWG URL
// §5). Strict: a name may stand once (RFC 6749 §3.1) but for `resource` (RFC 8707 §2), whose values
// are joined by spaces; no NUL, no invalid UTF-8.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oidc/base/result.h"

namespace oidc {

// What to do with a name that stands more than once.
enum class Repeats {
  refuse,  // an error
  note,    // keep the first value and list the name in repeated(); the caller must refuse it
};

// Decoded parameters in the order in which they came. Empty values count as absent (RFC 6749 §3.1).
class Form {
 public:
  static constexpr std::size_t kMaxParameters = 200;

  // Errors: invalid_request for a broken escape, a repeated name, NUL, bad UTF-8, or more than
  // kMaxParameters.
  static Result<Form> parse(std::string_view text, Repeats repeats = Repeats::refuse);
  // The value of `name`, or nothing when it is absent or empty.
  std::optional<std::string> get(std::string_view name) const;
  std::string value_or(std::string_view name, std::string_view fallback) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  void set(std::string name, std::string value);
  void erase(std::string_view name);
  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }
  // Names that stood more than once; empty unless parsed with Repeats::note.
  const std::vector<std::string>& repeated() const { return repeated_; }
  bool is_repeated(std::string_view name) const;
  // Inverse of parse().
  std::string encode() const;

 private:
  const std::string* find(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> entries_;
  std::vector<std::string> repeated_;
};

// The error for a name that stands more than once (RFC 6749 §3.1).
OAuthError repeated_parameter(std::string_view name);

// '%' escapes and, with `plus_is_space`, '+'. Empty when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
// Everything but unreserved characters (RFC 3986 §2.3) is escaped; a space becomes %20.
std::string percent_encode(std::string_view text);

}  // namespace oidc

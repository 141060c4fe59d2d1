// Owns: the structured log: one line per event on standard error, JSON (RFC 8259) or text. Secrets
// do not compile as values, and fields with a secret's name are masked. Does not keep audit rows.
#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "oidc/base/secret.h"
#include "oidc/base/time.h"

namespace server::observe {

enum class LogLevel { trace, debug, info, warn, error };
enum class LogFormat { json, text };

std::string_view to_string(LogLevel level);

// A text, a whole number or a truth value. Views: it must not outlive the call it is made for.
class FieldValue {
 public:
  FieldValue(std::string_view text) : value_(text) {}  // NOLINT(google-explicit-constructor)
  FieldValue(const std::string& text) : value_(std::string_view(text)) {}       // NOLINT
  FieldValue(const char* text) : value_(std::string_view(text ? text : "")) {}  // NOLINT
  // Exactly bool, because every pointer would convert to it.
  template <std::same_as<bool> Bool>
  FieldValue(Bool flag) : value_(flag) {}  // NOLINT
  // Unsigned numbers above 2^63 - 1 are not expected.
  template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
  FieldValue(Number number) : value_(static_cast<std::int64_t>(number)) {}  // NOLINT
  template <class Tag>
  FieldValue(const oidc::Secret<Tag>&) = delete;

  const std::variant<std::string_view, std::int64_t, bool>& get() const { return value_; }

 private:
  std::variant<std::string_view, std::int64_t, bool> value_;
};

struct Field {
  std::string_view key;  // snake_case
  FieldValue value;
};
using Fields = std::span<const Field>;

// Receives each finished line, without its newline.
using LogSink = std::function<void(std::string_view line)>;

// Call before other threads log. Without a sink lines go to standard error.
void configure_log(LogLevel least, LogFormat format, LogSink sink = {});

// `event` is a fixed snake_case name. Thread-safe. A field named like a secret (see
// is_sensitive_key) stops a development build by assertion and is masked in others. Texts are cut
// at 2048 bytes; control characters and bytes that are no UTF-8 never reach the line.
void log(LogLevel level, std::string_view event, std::initializer_list<Field> fields = {});
inline void log_debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  log(LogLevel::debug, event, fields);
}
inline void log_info(std::string_view event, std::initializer_list<Field> fields = {}) {
  log(LogLevel::info, event, fields);
}
inline void log_warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  log(LogLevel::warn, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<Field> fields = {}) {
  log(LogLevel::error, event, fields);
}

// password, client_secret, access_token, code, code_verifier, cookie, authorization, t and the
// like; not what only speaks of them, such as token_type or status_code.
bool is_sensitive_key(std::string_view key);

// The line for one event, without a newline. Pure.
std::string format_line(LogFormat format, oidc::TimePoint at, LogLevel level,
                        std::string_view event, Fields fields);

}  // namespace server::observe

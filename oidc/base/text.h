// Owns: checks on text that comes from outside, and small text tools used everywhere.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oidc {

// Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL. Everything that may
// reach the database passes this at the edge, because PostgreSQL cuts text at a NUL and SQLite does
// not.
bool is_clean_utf8(std::string_view text);
// 0x20 to 0x7e.
bool is_printable_ascii(std::string_view text);
// Splits at single spaces, as scope and response_type are written (RFC 6749 §3.3); empty parts are
// dropped.
std::vector<std::string> split_words(std::string_view text);
std::string join_words(const std::vector<std::string>& words);
bool contains_word(std::string_view words, std::string_view word);
// ASCII letters only.
std::string to_lower_ascii(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);
std::string_view trim(std::string_view text);
// Digits only, no sign, no overflow; empty otherwise.
std::optional<std::int64_t> parse_unsigned(std::string_view text);
// Replaces what error_description must not hold (RFC 6749 §5.2: no '"', no '\', ASCII only) by '?'.
std::string to_description(std::string_view text);

}  // namespace oidc

// Owns: reading and writing one setting's value as text, with the limits of options.def. Knows no
// names, sources or files.
#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace server::config {

// "30s", "10m", "12h", "30d", "250ms": digits (at most nine) and one unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
// The shortest exact form that parse_duration reads.
std::string write_duration(std::chrono::milliseconds value);

// Each reads `text` into `value`. `limits` has the form told in options.def. The error is what was
// expected, to follow "must be": "a whole number from 0 to 256".
using ReadResult = std::expected<void, std::string>;
ReadResult read_value(std::string_view text, std::string_view limits, std::string& value);
ReadResult read_value(std::string_view text, std::string_view limits, std::int64_t& value);
ReadResult read_value(std::string_view text, std::string_view limits,
                      std::chrono::milliseconds& value);
ReadResult read_value(std::string_view text, std::string_view limits, bool& value);
ReadResult read_value(std::string_view text, std::string_view limits,
                      std::vector<std::string>& value);

// Inverse of read_value.
std::string write_value(const std::string& value);
std::string write_value(std::int64_t value);
std::string write_value(std::chrono::milliseconds value);
std::string write_value(bool value);
std::string write_value(const std::vector<std::string>& value);

// Insertions, deletions and replacements that turn `a` into `b` (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace server::config

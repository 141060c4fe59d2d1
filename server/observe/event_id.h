// Owns: the form of event ids, which a person reads from a page and types or says to an operator:
// "LK-" and 16 characters of Crockford's base32 (no I, L, O, U) in groups of four. Makes no
// randomness and stores nothing.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace server::observe {

inline constexpr std::size_t kEventIdBytes = 10;

// "LK-0123-4567-89AB-CDEF" from exactly kEventIdBytes random bytes; throws std::invalid_argument
// for another length.
std::string make_event_id(std::string_view random_bytes);

// The id in its one spelling from what somebody typed: any case, dashes and spaces anywhere or
// nowhere, "LK" left out, O for 0, I and L for 1. Nothing when it is no event id.
std::optional<std::string> parse_event_id(std::string_view typed);

}  // namespace server::observe

// Owns: how outside values are written for people: names that can't mislead, times.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace server::page {

// A name as people may read it: no control or text-direction characters (they could turn a
// neighbouring word around), runs of blanks as one, at most `limit` characters, then "…".
std::string display_name(std::string_view name, std::size_t limit = 80);

// The first character of a name, for the tile beside it; upper case if it is an ASCII letter.
std::string initial(std::string_view name);

// "1 minute", "5 minutes", "about 2 hours": rounded up, never less than a minute.
std::string waiting_time(std::string_view language, std::int64_t seconds);

// "2025-11-21, 12:00 UTC" in the way of the language, from seconds since 1970; empty outside the
// years 1970 to 9999.
std::string date_time(std::string_view language, std::int64_t seconds);

// "21 November 2025, 12:00:00 UTC" from whole seconds since 1970 written in ASCII digits alone
// (NumericDate, RFC 7519 §2); empty for any other text and for years after 9999.
std::string utc_time(std::string_view seconds);

// "Firefox on Android" of what signin::browser_name() kept, here "Firefox/Android". Empty for
// nothing.
std::string browser_text(std::string_view language, std::string_view kept);

// Who asks, on pages and in mail: the browser and the address, or the address alone.
std::string requester_text(std::string_view language, std::string_view kept_browser,
                           const std::string& address);

// `uri` if it starts with https://, else nothing: never a javascript: link.
std::string_view https_link(std::string_view uri);

// A source that may stand in a Content-Security-Policy: a scheme ("https:") or an http(s) origin.
bool is_policy_source(std::string_view source);

}  // namespace server::page

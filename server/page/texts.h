// Owns: every sentence on pages and in mail, by key and language, from
// templates/texts/LANGUAGE.json. Texts hold no markup. A place such as {app_name} is filled in by
// whoever shows the text.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server::page {

using PlaceValues = std::vector<std::pair<std::string, std::string>>;

// The text with its places filled in, not escaped. What a language lacks is told in English. A key
// that no language knows is returned as it stands.
std::string text(std::string_view language, std::string_view key, const PlaceValues& values = {});

bool has_text(std::string_view key);

// The text with its places in it; what a language lacks in English; null for a key nobody knows.
const std::string* find_text(std::string_view language, std::string_view key);

// Goes through a text: literal parts and names of places, in order. Used by templates, too.
void split_text(std::string_view text,
                const std::function<void(std::string_view part, bool is_place)>& visit);

}  // namespace server::page

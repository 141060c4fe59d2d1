// Owns: what every page is told besides its own matter: the language, and the branding of the
// application it is shown for.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace server::page {

struct Look {
  std::string language = "en";             // one of languages()
  std::string name;                        // in the header of the page; empty: service_name
  std::string stylesheet;                  // a path of ours with the brand's colours, or empty
  std::string logo;                        // a path of ours, or empty
  std::string support_email, support_url;  // shown in the foot; may be empty

  bool operator==(const Look&) const = default;
};

// The languages we have texts for, as BCP 47 tags: "en", "de", …
const std::vector<std::string>& languages();
// The first of `ui_locales` (OpenID Connect Core §3.1.2.1: space-separated, best first) that we
// have, else the best of Accept-Language (RFC 9110 §12.5.4), else `fallback`. "de-AT" is served by
// "de".
std::string pick_language(std::string_view ui_locales, std::string_view accept_language,
                          std::string_view fallback);
bool is_right_to_left(std::string_view language);

}  // namespace server::page

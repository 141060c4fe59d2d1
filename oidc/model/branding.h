// Owns: how pages and mail look for one application, or for all that have no record of their own.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/result.h"

namespace oidc::model {

struct Branding {
  std::string name;           // empty: the application's own name, or service_name
  std::string primary_color;  // "#rrggbb"; empty: ours
  std::string logo_type;      // media type of the uploaded logo; empty: none
  std::string logo;           // its bytes
  std::string email_from_name;
  std::string reply_to_email;
  std::string support_email;
  std::string support_url;  // https

  bool operator==(const Branding&) const = default;
};

// Checks every field: a colour must reach a contrast of 4.5:1 against its text (WCAG 2.2 §1.4.3),
// a logo must be PNG, JPEG, GIF or WebP of at most 256 KB, addresses must be sound. Error:
// invalid_request, saying which field and why.
Result<void> check_branding(const Branding& branding);

// Whether black or white text is read better on this colour: "#000000" or "#ffffff".
std::string text_color_on(std::string_view color);
// The contrast of two colours "#rrggbb", 1 to 21 (WCAG 2.2); 1 when one is not written so.
double contrast(std::string_view one, std::string_view other);

}  // namespace oidc::model

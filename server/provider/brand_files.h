// Owns: the two files of our own that a branding record adds to pages, a style sheet with its
// colours and its logo, and their addresses, which name the contents so that browsers may keep them
// for ever. They are served by server/endpoint/brand.h.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "oidc/model/branding.h"

namespace server::provider {

struct BrandFile {
  std::string address;  // "/brand/CLIENT_ID.0123456789abcdef.css"; "default" for the default record
  std::string media_type;
  std::string contents;
};

// The picture types that a logo may have.
struct PictureType {
  std::string_view media_type, suffix;
};
inline constexpr std::array<PictureType, 4> kPictureTypes = {{{"image/png", "png"},
                                                              {"image/jpeg", "jpg"},
                                                              {"image/gif", "gif"},
                                                              {"image/webp", "webp"}}};

// `client_id` empty: the default record. Nothing: the record has no colour, or no logo.
// The colour itself is the ground of buttons, with black or white on it. Where it is text or a line
// it is darkened, or lightened on dark ground, until the contrast is 4.5:1 (WCAG 2.2 §1.4.3).
std::optional<BrandFile> brand_stylesheet(std::string_view client_id,
                                          const oidc::model::Branding& branding);
std::optional<BrandFile> brand_logo(std::string_view client_id,
                                    const oidc::model::Branding& branding);

// The record that such an address is of: a client_id, "" for the default record. Nothing for what
// is no such address.
std::optional<std::string> brand_owner(std::string_view address);

}  // namespace server::provider

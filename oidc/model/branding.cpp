#include "oidc/model/branding.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "oidc/model/user.h"

namespace oidc::model {
namespace {

constexpr std::size_t kMostName = 100;
constexpr std::size_t kMostAddress = 254;
constexpr std::size_t kMostUrl = 2'048;
constexpr std::size_t kMostLogo = 256 * 1024;
constexpr double kLeastContrast = 4.5;

Result<void> refuse(std::string_view field, std::string_view why) {
  std::string sentence = std::string(field) + " " + std::string(why);
  return fail(OAuthErrorCode::invalid_request, sentence, "branding." + sentence);
}

// A control character, or one that turns the direction of what follows it: neither belongs in a
// name that stands in a header or beside other text.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto a = static_cast<unsigned char>(text[i]);
    if (a < 0x20 || a == 0x7f) return true;
    const auto next = [&](std::size_t step) {
      return i + step < text.size() ? static_cast<unsigned char>(text[i + step]) : 0U;
    };
    if (a == 0xc2 && next(1) < 0xa0) return true;  // U+0080 to U+009F
    if (a != 0xe2) continue;
    const auto b = next(1);
    const auto c = next(2);
    if (b == 0x80 && c >= 0xa8 && c <= 0xae) return true;  // U+2028 to U+202E
    if (b == 0x81 && c >= 0xa6 && c <= 0xa9) return true;  // U+2066 to U+2069
  }
  return false;
}

Result<void> check_name(std::string_view field, std::string_view name) {
  if (name.size() > kMostName) return refuse(field, "is longer than 100 bytes");
  if (!is_clean_utf8(name) || has_control(name)) {
    return refuse(field, "has control characters or is not UTF-8");
  }
  return {};
}

Result<void> check_address(std::string_view field, std::string_view address) {
  if (address.empty()) return {};
  // Without the spaces and full-width letters that a person may type.
  if (address.size() > kMostAddress || !is_printable_ascii(address) || trim(address) != address ||
      !fold_email(address)) {
    return refuse(field, "is not an e-mail address");
  }
  return {};
}

Result<void> check_url(std::string_view field, std::string_view url) {
  if (url.empty()) return {};
  const auto uri = url.size() <= kMostUrl ? Uri::parse(url) : std::nullopt;
  if (!uri || !equals_ignore_case(uri->scheme, "https") || !uri->has_authority ||
      uri->host.empty() || uri->has_userinfo) {
    return refuse(field, "is not an https address");
  }
  return {};
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

// Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance").
std::optional<double> luminance(std::string_view color) {
  if (color.size() != 7 || color[0] != '#') return std::nullopt;
  constexpr std::array<double, 3> kWeights = {0.2126, 0.7152, 0.0722};
  double sum = 0;
  for (std::size_t i = 0; i < kWeights.size(); ++i) {
    const auto high = hex_digit(color[1 + 2 * i]);
    const auto low = hex_digit(color[2 + 2 * i]);
    if (!high || !low) return std::nullopt;
    const double part = (*high * 16 + *low) / 255.0;
    sum += kWeights[i] * (part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4));
  }
  return sum;
}

Result<void> check_color(std::string_view color) {
  if (color.empty()) return {};
  if (!luminance(color)) return refuse("primary_color", "is not written as #rrggbb");
  if (contrast(color, text_color_on(color)) < kLeastContrast) {
    return refuse("primary_color", "has a contrast of less than 4.5:1 with its text");
  }
  return {};
}

// What the first bytes say. SVG is not among them: it may hold scripts.
std::string_view media_type_of(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") {
    return "image/webp";
  }
  return {};
}

Result<void> check_logo(const Branding& branding) {
  if (branding.logo.empty() && branding.logo_type.empty()) return {};
  if (branding.logo.size() > kMostLogo) return refuse("logo", "is larger than 256 KB");
  const auto type = media_type_of(branding.logo);
  if (type.empty()) return refuse("logo", "is not a PNG, JPEG, GIF or WebP image");
  if (type != branding.logo_type) return refuse("logo_type", "is not what the logo is");
  return {};
}

}  // namespace

Result<void> check_branding(const Branding& branding) {
  if (auto checked = check_name("name", branding.name); !checked) return checked;
  if (auto checked = check_color(branding.primary_color); !checked) return checked;
  if (auto checked = check_logo(branding); !checked) return checked;
  if (auto checked = check_name("email_from_name", branding.email_from_name); !checked) {
    return checked;
  }
  if (auto checked = check_address("reply_to_email", branding.reply_to_email); !checked) {
    return checked;
  }
  if (auto checked = check_address("support_email", branding.support_email); !checked) {
    return checked;
  }
  return check_url("support_url", branding.support_url);
}

std::string text_color_on(std::string_view color) {
  return contrast(color, "#000000") > contrast(color, "#ffffff") ? "#000000" : "#ffffff";
}

double contrast(std::string_view one, std::string_view other) {
  const auto a = luminance(one);
  const auto b = luminance(other);
  if (!a || !b) return 1;
  return (std::max(*a, *b) + 0.05) / (std::min(*a, *b) + 0.05);
}

}  // namespace oidc::model

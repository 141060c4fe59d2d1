#include "server/provider/brand_files.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "oidc/base/form.h"
#include "oidc/crypto/digest.h"

namespace server::provider {
namespace {

using oidc::model::Branding;
using oidc::model::contrast;

constexpr std::string_view kPrefix = "/brand/";
constexpr std::string_view kDefault = "default";
constexpr std::string_view kHexDigits = "0123456789abcdef";
// A little above the 4.5:1 that is needed: colours are rounded.
constexpr double kEnough = 4.55;
constexpr int kSteps = 50;

// 64 bits of SHA-256: enough that two versions never share an address.
std::string short_hash(std::string_view contents) {
  std::string out;
  for (const char c : oidc::crypto::sha256(contents).substr(0, 8)) {
    out += kHexDigits[static_cast<unsigned char>(c) >> 4];
    out += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string address_of(std::string_view client_id, std::string_view contents,
                       std::string_view suffix) {
  std::string out(kPrefix);
  out += client_id.empty() ? std::string(kDefault) : oidc::percent_encode(client_id);
  return out.append(".").append(short_hash(contents)).append(".").append(suffix);
}

int channel(std::string_view color, std::size_t index) {
  int value = 0;
  for (const char c : color.substr(1 + 2 * index, 2)) {
    const char low = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    value = value * 16 + static_cast<int>(kHexDigits.find(low));
  }
  return value;
}

// `share` of `other`, the rest of `color`; both "#rrggbb".
std::string mix(std::string_view color, std::string_view other, double share) {
  std::string out = "#";
  for (std::size_t i = 0; i < 3; ++i) {
    const double value = channel(color, i) * (1 - share) + channel(other, i) * share;
    const auto rounded = static_cast<std::size_t>(std::clamp(std::lround(value), 0L, 255L));
    out += kHexDigits[rounded >> 4];
    out += kHexDigits[rounded & 15];
  }
  return out;
}

struct Scheme {
  std::string_view card, ground;  // as in static/style.css
  std::string_view text;          // what colours are moved towards: away from card and ground
  double tint;                    // how much of a tint is the card
};
constexpr Scheme kLight = {"#ffffff", "#f3f4f8", "#000000", 0.9};
constexpr Scheme kDark = {"#171a24", "#0e1017", "#ffffff", 0.85};

// The colour, moved no further than is needed to be read on every ground.
std::string readable(std::string_view color, std::string_view towards,
                     const std::vector<std::string>& grounds) {
  for (int step = 0; step < kSteps; ++step) {
    std::string tried = mix(color, towards, static_cast<double>(step) / kSteps);
    const bool enough = std::ranges::all_of(
        grounds, [&](const std::string& ground) { return contrast(tried, ground) >= kEnough; });
    if (enough) return tried;
  }
  return std::string(towards);
}

std::string variables(const std::string& color, const Scheme& scheme) {
  const std::string tint = mix(color, scheme.card, scheme.tint);
  const std::string accent =
      readable(color, scheme.text, {std::string(scheme.card), std::string(scheme.ground), tint});
  // The ground of a button under the pointer: further from the card than the accent, so what can be
  // read on the card's own side can be read on it.
  const std::string strong = mix(accent, scheme.text, 0.25);
  const std::string_view on_accent = scheme.text == kLight.text ? "#ffffff" : "#000000";
  std::string out = ":root{--button:" + color;
  out.append(";--on-button:").append(oidc::model::text_color_on(color));
  out.append(";--accent:").append(accent).append(";--accent-strong:").append(strong);
  out.append(";--on-accent:").append(on_accent).append(";--tint:").append(tint);
  return out + "}";
}

}  // namespace

std::optional<BrandFile> brand_stylesheet(std::string_view client_id, const Branding& branding) {
  if (branding.primary_color.empty()) return std::nullopt;
  // Nothing but a colour ever gets into the style sheet, whatever the database holds.
  const std::string_view digits = std::string_view(branding.primary_color).substr(1);
  const bool is_color = digits.size() == 6 && branding.primary_color[0] == '#' &&
                        digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!is_color) return std::nullopt;
  const std::string color = mix(branding.primary_color, "#000000", 0);  // small letters
  std::string contents = variables(color, kLight) + "\n@media (prefers-color-scheme:dark){" +
                         variables(color, kDark) + "}\n";
  std::string address = address_of(client_id, contents, "css");
  return BrandFile{std::move(address), "text/css; charset=utf-8", std::move(contents)};
}

std::optional<BrandFile> brand_logo(std::string_view client_id, const Branding& branding) {
  if (branding.logo.empty()) return std::nullopt;
  const auto type = std::ranges::find(kPictureTypes, branding.logo_type, &PictureType::media_type);
  if (type == kPictureTypes.end()) return std::nullopt;
  return BrandFile{address_of(client_id, branding.logo, type->suffix), branding.logo_type,
                   branding.logo};
}

std::optional<std::string> brand_owner(std::string_view address) {
  if (!address.starts_with(kPrefix)) return std::nullopt;
  address.remove_prefix(kPrefix.size());
  // From the end: a client_id may hold dots.
  for (int part = 0; part < 2; ++part) {
    const auto dot = address.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    address = address.substr(0, dot);
  }
  if (address == kDefault) return std::string();
  auto client_id = oidc::percent_decode(address, false);
  if (!client_id || client_id->empty()) return std::nullopt;
  return client_id;
}

}  // namespace server::provider

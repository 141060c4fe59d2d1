#include "oidc/model/branding.h"

#include <string>

#include "tests/support/catch.h"

using namespace oidc::model;

namespace {

const std::string kPng = "\x89PNG\r\n\x1a\n and so on";

// The field that is refused; empty when all is well.
std::string refused(const Branding& branding) {
  const auto checked = check_branding(branding);
  if (checked) return {};
  CHECK(checked.error().code == oidc::OAuthErrorCode::invalid_request);
  return checked.error().description.substr(0, checked.error().description.find(' '));
}

bool is_near(double a, double b) {
  return a - b < 0.01 && b - a < 0.01;
}

}  // namespace

TEST_CASE("contrast: known pairs") {
  CHECK(is_near(contrast("#000000", "#ffffff"), 21));
  CHECK(is_near(contrast("#FFFFFF", "#ffffff"), 1));
  CHECK(is_near(contrast("#777777", "#ffffff"), 4.48));
  CHECK(is_near(contrast("#ffffff", "#767676"), 4.54));
  CHECK(is_near(contrast("#0000ff", "#ffffff"), 8.59));
  CHECK(contrast("blue", "#ffffff") == 1);
  CHECK(contrast("#fff", "#000000") == 1);
  CHECK(contrast("#00000g", "#ffffff") == 1);
}

TEST_CASE("text_color_on: what is read better, and always well enough") {
  CHECK(text_color_on("#000000") == "#ffffff");
  CHECK(text_color_on("#ffffff") == "#000000");
  CHECK(text_color_on("#ffff00") == "#000000");
  CHECK(text_color_on("#224488") == "#ffffff");
  for (int gray = 0; gray < 256; ++gray) {
    constexpr char kDigits[] = "0123456789abcdef";
    const std::string part = {kDigits[gray / 16], kDigits[gray % 16]};
    const std::string color = "#" + part + part + part;
    CAPTURE(color);
    CHECK(contrast(color, text_color_on(color)) >= 4.5);
  }
}

TEST_CASE("check_branding: what is sound passes") {
  CHECK(refused({}).empty());
  CHECK(refused({"Example \xe2\x80\x93 \xe4\xbe\x8b", "#224488", "image/png", kPng, "Example",
                 "reply@example.com", "help@example.com", "https://example.com/help"})
            .empty());
  CHECK(refused({.logo_type = "image/jpeg", .logo = "\xff\xd8\xff\xe0"}).empty());
  CHECK(refused({.logo_type = "image/gif", .logo = "GIF89a"}).empty());
  CHECK(refused({.logo_type = "image/webp", .logo = "RIFF1234WEBPVP8 "}).empty());
}

TEST_CASE("check_branding: each field is refused by name") {
  CHECK(refused({.name = std::string(101, 'x')}) == "name");
  CHECK(refused({.name = "a\nb"}) == "name");
  CHECK(refused({.name = "a\xc2\x85"}) == "name");
  CHECK(refused({.name = "a\xe2\x80\xae"}) == "name");
  CHECK(refused({.name = "a\xe2\x81\xa6"}) == "name");
  CHECK(refused({.name = "a\xff"}) == "name");
  CHECK(refused({.email_from_name = "a\r\nBcc: b"}) == "email_from_name");
  for (const char* color : {"red", "#12345", "#1234567", "224488", "#22448g", "#22 488"}) {
    CAPTURE(std::string(color));
    CHECK(refused({.primary_color = color}) == "primary_color");
  }
  for (const char* address : {"nobody", "a@b@c", "a b@example.com", "<a@example.com>",
                              "a@example.com\r\nBcc: b@example.com", " a@example.com"}) {
    CAPTURE(std::string(address));
    CHECK(refused({.reply_to_email = address}) == "reply_to_email");
    CHECK(refused({.support_email = address}) == "support_email");
  }
  for (const char* url : {"http://example.com", "javascript:alert(1)", "https://", "example.com",
                          "https://a:b@example.com/", "https://example.com/\"x"}) {
    CAPTURE(std::string(url));
    CHECK(refused({.support_url = url}) == "support_url");
  }
  CHECK(refused({.logo_type = "image/png"}) == "logo");
  CHECK(refused({.logo_type = "image/svg+xml", .logo = "<svg xmlns=\"x\"/>"}) == "logo");
  CHECK(refused({.logo_type = "image/gif", .logo = kPng}) == "logo_type");
  CHECK(refused({.logo = kPng}) == "logo_type");
  CHECK(refused({.logo_type = "image/png", .logo = kPng + std::string(256 * 1024, 'x')}) == "logo");
}

#include "oidc/base/base64url.h"

#include "tests/support/catch.h"

using oidc::base64_decode;
using oidc::base64url_decode;
using oidc::base64url_encode;

TEST_CASE("base64url: RFC 4648 §10 vectors without padding, both ways") {
  const std::pair<const char*, const char*> table[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xfe", "-__-"}};
  for (const auto& [bytes, text] : table) {
    CAPTURE(text);
    CHECK(base64url_encode(bytes) == text);
    CHECK(base64url_decode(text) == std::string(bytes));
  }
}

TEST_CASE("base64url: every byte survives at every length") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    CHECK(base64url_decode(base64url_encode(bytes)) == bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
}

TEST_CASE("base64url: what is not the one text of a value is refused") {
  for (const char* text : {"Zg==", "Zg=", "Zh", "Zk", "Zm9", "Z", "Zm9vY", "Zm 9v", "Zm9v\n",
                           "Zm+v", "Zm/v", "Zm9v.", "Zm\xc3\xa9", "="}) {
    CAPTURE(text);
    CHECK_FALSE(base64url_decode(text));
  }
  CHECK_FALSE(base64url_decode(std::string_view("Zm9\0", 4)));
}

TEST_CASE("base64url: of the texts that differ in the last character, one is accepted") {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int two = 0;
  int three = 0;
  for (const char last : alphabet) {
    two += base64url_decode(std::string("Z") + last).has_value();
    three += base64url_decode(std::string("Zm") + last).has_value();
  }
  CHECK(two == 4);     // 6 bits of which 2 belong to the value
  CHECK(three == 16);  // 6 bits of which 4 belong to it
}

TEST_CASE("base64: with padding, as in HTTP Basic") {
  CHECK(base64_decode("Zm9vYg==") == std::string("foob"));
  CHECK(base64_decode("Zm9vYmE=") == std::string("fooba"));
  CHECK(base64_decode("Zm9vYmFy") == std::string("foobar"));
  CHECK(base64_decode("") == std::string());
  for (const char* text : {"Zm9vYg", "Zm9vYg=", "Zm9vYh==", "Zm9vYmF=", "====", "Z===", "Zg==Zg==",
                           "Zm-_", "Zm9v Yg="}) {
    CAPTURE(text);
    CHECK_FALSE(base64_decode(text));
  }
}

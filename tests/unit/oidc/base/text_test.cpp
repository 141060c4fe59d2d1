#include "oidc/base/text.h"

#include "oidc/base/result.h"
#include "oidc/base/secret.h"
#include "oidc/base/time.h"
#include "tests/support/catch.h"

using namespace oidc;

TEST_CASE("UTF-8: well-formed text is clean") {
  for (const char* text : {"", "plain",
                           "Gr\xc3\xbc\xc3\x9f"
                           "e",
                           "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf4\x8f\xbf\xbf", "\xc2\x80"}) {
    CAPTURE(text);
    CHECK(is_clean_utf8(text));
  }
}

TEST_CASE("UTF-8: malformed text and NUL are not clean") {
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xe0\x80\x80",
                           "\xe0\x9f\xbf",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xf0\x80\x80\x80",
                           "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xf8\x88\x80\x80\x80",
                           "\xfe",
                           "\xff",
                           "\xc3",
                           "\xe2\x82",
                           "\xf0\x9f\x98",
                           "\xc3(",
                           "\xe2(\xa1",
                           "a\xe2\x82"}) {
    CAPTURE(text);
    CHECK_FALSE(is_clean_utf8(text));
  }
  CHECK_FALSE(is_clean_utf8(std::string_view("a\0b", 3)));
  CHECK_FALSE(is_clean_utf8(std::string_view("\0", 1)));
}

TEST_CASE("printable ASCII ends at both edges") {
  CHECK(is_printable_ascii(" ~"));
  CHECK_FALSE(is_printable_ascii("\x1f"));
  CHECK_FALSE(is_printable_ascii("\x7f"));
  CHECK_FALSE(is_printable_ascii("\xc3\xa9"));
}

TEST_CASE("words are split at single spaces and empty ones dropped") {
  CHECK(split_words("openid  email ") == std::vector<std::string>{"openid", "email"});
  CHECK(split_words("").empty());
  CHECK(split_words("a\tb") == std::vector<std::string>{"a\tb"});
  CHECK(join_words({"a", "b"}) == "a b");
  CHECK(join_words({}).empty());
  CHECK(contains_word("openid email", "email"));
  CHECK_FALSE(contains_word("openid emails", "email"));
  CHECK_FALSE(contains_word("openid", "open"));
}

TEST_CASE("case is folded for ASCII letters only") {
  CHECK(to_lower_ascii("ABCxyz[@\xc3\x84") == "abcxyz[@\xc3\x84");
  CHECK(equals_ignore_case("HTTPS", "https"));
  CHECK_FALSE(equals_ignore_case("k", "\xe2\x84\xaa"));  // the Kelvin sign
  CHECK_FALSE(equals_ignore_case("a", "ab"));
  CHECK(trim(" \t\r\nx y\n") == "x y");
  CHECK(trim("  ").empty());
}

TEST_CASE("unsigned numbers: digits only, no overflow") {
  CHECK(parse_unsigned("0") == 0);
  CHECK(parse_unsigned("999999999999999999") == 999999999999999999);
  for (const char* text :
       {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "9999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_unsigned(text));
  }
}

TEST_CASE("descriptions hold no quote, backslash or control character") {
  CHECK(to_description("a\"b\\c\r\nd\x7f\xc3\xa9") == "a?b?c??d???");
}

TEST_CASE("errors carry a public and a private half") {
  const Result<int> result = fail(OAuthErrorCode::invalid_grant, "public", "private");
  REQUIRE_FALSE(result);
  CHECK(to_string(result.error().code) == "invalid_grant");
  CHECK(result.error().description == "public");
  CHECK(result.error().detail == "private");
}

TEST_CASE("secrets are wiped when they are moved from") {
  std::string text = "hunter2";
  wipe(text);
  CHECK(text.empty());
  Password first(std::string("a long enough password to leave the small buffer"));
  const Password second(std::move(first));
  CHECK(first.empty());  // NOLINT: the moved-from state is what is tested
  CHECK(second.reveal().starts_with("a long"));
}

TEST_CASE("time: milliseconds inside, whole seconds in tokens") {
  CHECK(to_millis(from_millis(1700000000999)) == 1700000000999);
  CHECK(to_seconds(from_millis(1700000000999)) == 1700000000);
  CHECK(to_seconds(from_millis(-1)) == -1);
}

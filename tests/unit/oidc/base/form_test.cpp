#include "oidc/base/form.h"

#include "tests/support/catch.h"

using oidc::Form;
using oidc::percent_decode;
using oidc::percent_encode;

TEST_CASE("form: names and values are decoded, empty values count as absent") {
  const auto form = Form::parse("scope=openid+email&state=a%2Bb%26c&empty=&flag&&q=%C3%A9");
  REQUIRE(form);
  CHECK(form->get("scope") == std::string("openid email"));
  CHECK(form->get("state") == std::string("a+b&c"));
  CHECK(form->get("q") == std::string("\xc3\xa9"));
  CHECK_FALSE(form->get("empty"));
  CHECK_FALSE(form->get("flag"));
  CHECK_FALSE(form->has("empty"));
  CHECK_FALSE(form->has("Scope"));
  CHECK(form->value_or("empty", "x") == "x");
  CHECK(form->entries().size() == 5);
}

TEST_CASE("form: a name that comes twice is refused, however it is spelled") {
  for (const char* text : {"a=1&a=2", "a=1&a=1", "a=&a=1", "a&a", "a=1&%61=2", "a+b=1&a%20b=2",
                           "client_id=x&b=1&client_id=x"}) {
    CAPTURE(text);
    const auto form = Form::parse(text);
    REQUIRE_FALSE(form);
    CHECK(form.error().code == oidc::OAuthErrorCode::invalid_request);
  }
  CHECK(Form::parse("a=1&A=2"));
}

TEST_CASE("form: the error never repeats what is unsafe in a header or page") {
  const auto form = Form::parse("a%22%0d%0a%5c=1&a%22%0d%0a%5c=2");
  REQUIRE_FALSE(form);
  CHECK(form.error().description.find_first_of("\"\\\r\n") == std::string::npos);
}

TEST_CASE("form: broken escapes, NUL and bad UTF-8 are refused") {
  for (const char* text : {"a=%", "a=%4", "a=%4g", "a=%g4", "%=1", "a=%%41", "a=%00", "%00=1",
                           "a=%ff", "a=%c0%80", "a=%ed%a0%80", "a=\xff", "a=%u0041", "a=% 41"}) {
    CAPTURE(text);
    CHECK_FALSE(Form::parse(text));
  }
}

TEST_CASE("form: the number of parameters is limited") {
  std::string text;
  for (std::size_t i = 0; i < Form::kMaxParameters; ++i) text += "p" + std::to_string(i) + "=1&";
  CHECK(Form::parse(text));
  CHECK_FALSE(Form::parse(text + "one_more=1"));
}

TEST_CASE("form: encode is the inverse of parse") {
  Form form;
  form.set("a b", "c&d=e+f%");
  form.set("u", "\xe2\x82\xac");
  form.set("u", "\xc3\xa9");
  CHECK(form.encode() == "a%20b=c%26d%3De%2Bf%25&u=%C3%A9");
  const auto again = Form::parse(form.encode());
  REQUIRE(again);
  CHECK(again->entries() == form.entries());
  form.erase("u");
  CHECK_FALSE(form.has("u"));
}

TEST_CASE("percent escapes") {
  CHECK(percent_decode("a+b%20c", false) == std::string("a+b c"));
  CHECK(percent_decode("a+b%20c", true) == std::string("a b c"));
  CHECK(percent_decode("%e2%82%AC", false) == std::string("\xe2\x82\xac"));
  CHECK_FALSE(percent_decode("%2", false));
  CHECK_FALSE(percent_decode("%zz", true));
  CHECK(percent_encode("AZaz09-._~") == "AZaz09-._~");
  CHECK(percent_encode(" /?#[]@!$&'()*+,;=%\"") ==
        "%20%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%22");
}

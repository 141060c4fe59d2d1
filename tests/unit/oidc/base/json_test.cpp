#include "oidc/base/json.h"

#include <nlohmann/json.hpp>

#include "tests/support/catch.h"

using oidc::parse_json_object;

TEST_CASE("JSON: an object is read") {
  const auto value = parse_json_object(R"( {"a":"x","b":[1,{"c":null}],"n":1.5e3} )");
  REQUIRE(value);
  CHECK(oidc::string_member(*value, "a") == std::string("x"));
  CHECK_FALSE(oidc::string_member(*value, "n"));
  CHECK_FALSE(oidc::string_member(*value, "z"));
  CHECK(parse_json_object("{}"));
}

TEST_CASE("JSON: a member may stand once in its object, at any depth and in any spelling") {
  CHECK_FALSE(parse_json_object(R"({"alg":"ES256","alg":"none"})"));
  CHECK_FALSE(parse_json_object(R"({"a":1,"\u0061":2})"));
  CHECK_FALSE(parse_json_object(R"({"a":{"b":1,"b":1}})"));
  CHECK_FALSE(parse_json_object(R"({"a":[{"b":1},{"b":1,"c":2,"b":3}]})"));
  CHECK_FALSE(parse_json_object(R"({"a":1,"b":{"a":1},"a":2})"));
  CHECK(parse_json_object(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})"));
}

TEST_CASE("JSON: what is no JSON object is refused") {
  for (const char* text : {"",
                           " ",
                           "[]",
                           "\"a\"",
                           "1",
                           "null",
                           "true",
                           "{",
                           "}",
                           "{}{}",
                           "{} x",
                           "{'a':1}",
                           "{a:1}",
                           R"({"a":1,})",
                           R"({"a":01})",
                           R"({"a":+1})",
                           R"({"a":NaN})",
                           R"({"a":1e999})",
                           R"({"a":"\x"})",
                           R"({"a":"\ud800"})",
                           R"({"a":"\udc00\ud800"})",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\xc0\x80\"}",
                           "/**/{}",
                           R"({"a":1}//)"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_json_object(text));
  }
}

TEST_CASE("JSON: NUL is refused in names and values") {
  CHECK_FALSE(parse_json_object(R"({"a":"x\u0000y"})"));
  CHECK_FALSE(parse_json_object(R"({"a\u0000":1})"));
  CHECK_FALSE(parse_json_object(R"({"a":["\u0000"]})"));
  CHECK_FALSE(parse_json_object(std::string_view("{}\0", 3)));
}

TEST_CASE("JSON: size and depth are limited") {
  const auto nested = [](int depth) {
    return R"({"a":)" + std::string(static_cast<std::size_t>(depth - 1), '[') +
           std::string(static_cast<std::size_t>(depth - 1), ']') + "}";
  };
  CHECK(parse_json_object(nested(12)));
  CHECK_FALSE(parse_json_object(nested(14)));
  CHECK_FALSE(parse_json_object(nested(20000)));
  CHECK_FALSE(parse_json_object(R"({"a":1})", 6));
  CHECK(parse_json_object(R"({"a":1})", 7));
  std::string objects;
  for (int i = 0; i < 30; ++i) objects += R"({"a":)";
  CHECK_FALSE(parse_json_object(objects + "1" + std::string(30, '}')));
}

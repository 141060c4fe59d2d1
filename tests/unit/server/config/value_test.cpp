#include "server/config/value.h"

#include "tests/support/catch.h"

namespace {

using namespace server::config;
using std::chrono::milliseconds;

TEST_CASE("durations are digits and one unit", "[config]") {
  CHECK(parse_duration("250ms") == milliseconds(250));
  CHECK(parse_duration("30s") == milliseconds(30'000));
  CHECK(parse_duration("10m") == milliseconds(600'000));
  CHECK(parse_duration("12h") == milliseconds(43'200'000));
  CHECK(parse_duration("30d") == milliseconds(2'592'000'000));
  CHECK(parse_duration("999999999d").has_value());
  for (const auto* bad :
       {"", "30", "s", "ms", "-1s", "1.5h", "1h30m", "30 s", "30S", "1w", "9999999999d", "+1s"}) {
    INFO(bad);
    CHECK_FALSE(parse_duration(bad).has_value());
  }
}

TEST_CASE("a duration is written in the largest unit that fits", "[config]") {
  for (const auto* text : {"250ms", "30s", "90s", "10m", "12h", "30d", "0s"}) {
    CHECK(write_duration(parse_duration(text).value()) == text);
  }
  CHECK(write_duration(milliseconds(60'000)) == "1m");
}

TEST_CASE("values outside their limits are refused with what was expected", "[config]") {
  std::int64_t number = 7;
  CHECK(read_value("256", "0..256", number));
  CHECK(number == 256);
  for (const auto* bad : {"257", "-1", "", "1e3", " 1", "0x10", "99999999999999999999"}) {
    INFO(bad);
    CHECK(read_value(bad, "0..256", number).error() == "a whole number from 0 to 256");
  }
  CHECK(number == 256);

  milliseconds duration{};
  CHECK(read_value("29s", "1s..29s", duration));
  CHECK(read_value("30s", "1s..29s", duration).error() ==
        "a duration from 1s to 29s, such as 30s, 10m, 12h or 30d");

  bool flag = false;
  CHECK(read_value("true", "", flag));
  CHECK(flag);
  CHECK(read_value("yes", "", flag).error() == "true or false");
  CHECK(write_value(flag) == "true");

  std::string text;
  CHECK(read_value("json", "json|text", text));
  CHECK(read_value("jso", "json|text", text).error() == "json or text");
  CHECK(read_value("x", "a|b|c", text).error() == "a, b or c");
  CHECK(read_value("", "1..3", text).error() == "text of 1 to 3 bytes");
  CHECK_FALSE(read_value("abcd", "1..3", text));
  CHECK_FALSE(read_value("a\nb", "", text));
  CHECK_FALSE(read_value("\xff", "", text));
  CHECK(text == "json");
}

TEST_CASE("lists are comma-separated and trimmed", "[config]") {
  std::vector<std::string> list;
  CHECK(read_value("a, b ,c", "", list));
  CHECK(list == std::vector<std::string>{"a", "b", "c"});
  CHECK(write_value(list) == "a,b,c");
  for (const auto* bad : {",", "a,", ",a", "a,,b", "a\n"}) {
    INFO(bad);
    CHECK_FALSE(read_value(bad, "", list));
  }
  std::string many = "x";
  for (int i = 0; i < 1000; ++i) many += ",x";
  CHECK_FALSE(read_value(many, "", list));
  CHECK(list.size() == 3);
  CHECK(read_value("", "", list));
  CHECK(list.empty());
}

TEST_CASE("edit distance", "[config]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("issuer", "issuer") == 0);
  CHECK(edit_distance("isuer", "issuer") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
}

}  // namespace

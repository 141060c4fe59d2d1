#include "server/observe/log.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "oidc/base/text.h"
#include "tests/support/catch.h"

namespace {

using namespace server::observe;

// A secret does not compile as a value; pointers do not become truth values.
static_assert(!std::is_constructible_v<FieldValue, oidc::Password>);
static_assert(!std::is_constructible_v<FieldValue, const oidc::ClientSecret&>);
static_assert(!std::is_constructible_v<FieldValue, const void*>);
static_assert(std::is_constructible_v<FieldValue, std::string_view>);

constexpr auto kAt = oidc::TimePoint(std::chrono::milliseconds(1'785'240'000'007));

std::string line(LogFormat format, std::initializer_list<Field> fields) {
  return format_line(format, kAt, LogLevel::info, "event_name", {fields.begin(), fields.end()});
}

TEST_CASE("a JSON line holds time, level, event and fields in order", "[log]") {
  CHECK(line(LogFormat::json, {{"client_id", "abc"}, {"status", 200}, {"is_new", true}}) ==
        R"({"time":"2026-07-28T12:00:00.007Z","level":"info","event":"event_name",)"
        R"("client_id":"abc","status":200,"is_new":true})");
  CHECK(line(LogFormat::json, {}) ==
        R"({"time":"2026-07-28T12:00:00.007Z","level":"info","event":"event_name"})");
}

TEST_CASE("whatever comes in, the JSON line is one valid line", "[log]") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& text :
       {all, std::string("\"},{\"a\":1\n"), std::string("\xc3"), std::string("\xed\xa0\x80"),
        std::string("ä€\U0001F600"), std::string("\xf0\x9f\x98")}) {
    const auto out = line(LogFormat::json, {{"text", text}, {"after", 1}});
    CHECK(out.find('\n') == std::string::npos);
    CHECK(oidc::is_clean_utf8(out));
    const auto parsed = nlohmann::json::parse(out);
    CHECK(parsed["after"] == 1);
    if (oidc::is_clean_utf8(text)) CHECK(parsed["text"] == text);
  }
}

TEST_CASE("long texts are cut between characters", "[log]") {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(shift, 'x');
    while (text.size() < 5000) text += "\U0001F600";
    for (const auto format : {LogFormat::json, LogFormat::text}) {
      const auto out = line(format, {{"text", text}});
      CHECK(out.size() < 2300);
      CHECK(oidc::is_clean_utf8(out));
      CHECK(out.find("\xEF\xBF\xBD") == std::string::npos);
      CHECK(out.find("...\"") != std::string::npos);
    }
  }
}

TEST_CASE("the text format cannot be forged", "[log]") {
  CHECK(line(LogFormat::text,
             {{"a", "word"}, {"b", "two words"}, {"c", "x=y\n2026 info"}, {"d", 5}, {"e", ""}}) ==
        "2026-07-28T12:00:00.007Z info event_name a=word b=\"two words\" "
        "c=\"x=y\\u000a2026 info\" d=5 e=\"\"");
}

TEST_CASE("fields named like a secret are masked", "[log]") {
  for (const auto* key :
       {"password", "new_password", "client_secret", "secret", "token", "access_token",
        "refresh_token", "code", "code_verifier", "t", "cookie", "set_cookie", "authorization",
        "Authorization", "user_code", "private_key"}) {
    INFO(key);
    CHECK(is_sensitive_key(key));
    for (const auto format : {LogFormat::json, LogFormat::text}) {
      const auto out = line(format, {{key, "hunter2"}});
      CHECK(out.find("hunter2") == std::string::npos);
      CHECK(out.find("(masked)") != std::string::npos);
    }
    CHECK(line(LogFormat::json, {{key, 123456}}).find("123456") == std::string::npos);
  }
  for (const auto* key : {"status_code", "error_code", "token_type", "grant_type", "client_id",
                          "route", "code_challenge_method", "password_threads", "tokens", ""}) {
    INFO(key);
    CHECK_FALSE(is_sensitive_key(key));
  }
}

TEST_CASE("values of every kind", "[log]") {
  const std::string text = "s";
  const char* none = nullptr;
  CHECK(line(LogFormat::text, {{"a", text},
                               {"b", std::string_view("v")},
                               {"c", none},
                               {"d", std::size_t{7}},
                               {"e", std::int64_t{-7}},
                               {"f", std::uint16_t{80}},
                               {"g", false}}) ==
        "2026-07-28T12:00:00.007Z info event_name a=s b=v c=\"\" d=7 e=-7 f=80 g=false");
}

TEST_CASE("log() respects the level and is one whole line per call on many threads", "[log]") {
  std::vector<std::string> lines;  // the sink is called under the logger's lock
  configure_log(LogLevel::info, LogFormat::json,
                [&](std::string_view text) { lines.emplace_back(text); });
  log_debug("not_shown");
  log_info("shown", {{"n", 1}});
  log_warn("shown");
  log_error("shown");
  CHECK(lines.size() == 3);
  CHECK(lines[0].find("\"level\":\"info\",\"event\":\"shown\",\"n\":1}") != std::string::npos);
  CHECK(lines[2].find("\"level\":\"error\"") != std::string::npos);
  // Braces of the text are not taken for a format.
  log_info("shown", {{"text", "{} {0} %v"}});
  CHECK(lines.back().find("{} {0} %v") != std::string::npos);

  lines.clear();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([i] {
        for (int k = 0; k < 200; ++k) log_info("parallel", {{"thread", i}, {"k", k}});
      });
    }
  }
  CHECK(lines.size() == 800);
  for (const auto& text : lines) CHECK(nlohmann::json::accept(text));
  configure_log(LogLevel::info, LogFormat::json);
}

}  // namespace

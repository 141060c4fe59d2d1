#include "server/page/people_pages.h"

#include <functional>
#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace server::page;
using server::http::Response;

namespace {

const Pages& pages() {
  static const Pages all(Brand{"Latchkey"});
  return all;
}

struct Sample {
  std::string name;
  Response response;
};

// Every page of people_views.h with `value` wherever outside text can stand.
std::vector<Sample> filled(const std::string& value, const std::string& language = "en") {
  const Look look{.language = language};
  const ApplicationView application{.name = value, .host = value};
  const FormNotice notice{
      .key = "password_too_short", .values = {{"count", value}}, .event_id = value};
  const AccountFrame frame{
      .look = look, .name = value, .email = value, .query = "", .several = true, .notice = notice};
  const auto& p = pages();
  return {
      {"reset", reset(p, {look, value, application, value, notice, "/login?t=x", ""}, 422)},
      {"new_password", new_password(p, {look, value, application, value, 8, notice, ""}, 422)},
      {"sign_up", sign_up(p, {look, value, application, value, value, true, 8, value, notice,
                              "/login?t=x", ""})},
      {"sign_up by mail",
       sign_up(p, {look, value, application, value, value, false, 8, "", {}, "", ""})},
      {"choose", choose_account(p, {look, value, application, {{value, value, value}}, ""})},
      {"profile",
       account_profile(
           p,
           {frame, value, value, value, value, value, {{value, value}, {"item_locale", value}}})},
      {"security", account_security(p, {frame,
                                        value,
                                        value,
                                        true,
                                        true,
                                        true,
                                        {{value, value, value, value, value, true},
                                         {value, "", "", value, value, false}}})},
      {"applications",
       account_applications(p, {frame, value, {{value, value, value, value, {value}}}})},
      {"applications, none", account_applications(p, {frame, value, {}})},
      {"activity",
       account_activity(p, {frame,
                            {{"account_history_sign_in", value, "", value, value, value, 1, false},
                             {"account_history_sign_in_refused_pwd", value, value, value, value,
                              value, 9, true}}})},
      {"password", account_password(p, {frame, value, true, 8}, 422)},
      {"email", account_email(p, {frame, value, value, true}, 422)},
      {"delete", account_delete(p, {frame, value, true})},
      {"deleted", account_deleted(p, look)},
  };
}

}  // namespace

TEST_CASE("people pages: what comes from outside is text") {
  for (const auto& sample : filled("\"><script>alert(1)</script>'{{t}}&")) {
    CAPTURE(sample.name);
    CHECK(sample.response.body.find("<script>alert") == std::string::npos);
    CHECK_FALSE(sample.response.is_broken());
  }
}

TEST_CASE("people pages: no place and no key is left, in any language") {
  for (const auto& language : languages()) {
    for (const auto& sample : filled("value", language)) {
      CAPTURE(language, sample.name);
      const auto& body = sample.response.body;
      for (const char* trace : {"{{", "{count}", "{app_name}", "{email}", "{time}", "{domains}",
                                "t_account", "account_profile_title", "signup_title"}) {
        CAPTURE(trace);
        CHECK(body.find(trace) == std::string::npos);
      }
      CHECK(body.find("lang=\"" + language + "\"") != std::string::npos);
    }
  }
}

TEST_CASE("people pages: the headers of every page, and what a refusal adds") {
  for (const auto& sample : filled("value")) {
    CAPTURE(sample.name);
    CHECK(sample.response.get("Content-Security-Policy")
              .value_or("")
              .find("frame-ancestors 'none'") != std::string_view::npos);
    CHECK(sample.response.get("Cache-Control") == "no-store");
    CHECK_FALSE(sample.response.get("Retry-After"));
  }
  const auto throttled =
      reset(pages(), {.notice = {.key = "signup_throttled", .retry_after_s = 90}}, 429);
  CHECK(throttled.status == 429);
  CHECK(throttled.get("Retry-After") == "90");
  CHECK(throttled.body.find("2 minutes") != std::string::npos);
}

TEST_CASE("people pages: fixed ids and names, for tests and password managers") {
  const auto all = filled("value");
  const auto body = [&](std::string_view name) {
    for (const auto& sample : all) {
      if (sample.name == name) return sample.response.body;
    }
    return std::string();
  };
  for (const char* part : {"id=\"signup-submit\"", "name=\"email\"", "name=\"new_password\"",
                           "autocomplete=\"new-password\"", "action=\"/signup\""}) {
    CHECK(body("sign_up").find(part) != std::string::npos);
  }
  CHECK(body("sign_up by mail").find("new_password") == std::string::npos);
  for (const char* part :
       {"id=\"reset-submit\"", "name=\"new_password\"", "autocomplete=\"username\""}) {
    CHECK(body("new_password").find(part) != std::string::npos);
  }
  CHECK(body("choose").find("id=\"choose-0\"") != std::string::npos);
  // This browser's own session is not among those that can be ended.
  CHECK(body("security").find("session-end-0") == std::string::npos);
  CHECK(body("security").find("session-end-1") != std::string::npos);
}

TEST_CASE("of two passwords the one that is wrong is marked", "[people]") {
  const Pages pages(Brand{});
  const auto marked = [&](const std::string& key, const std::string& id) {
    ChangePasswordView view;
    view.frame.notice.key = key;
    view.has_password = true;
    const std::string html = account_password(pages, view).body;
    const std::size_t start = html.find("<input id=\"" + id + "\"");
    REQUIRE(start != std::string::npos);
    return html.substr(start, html.find('>', start) - start).find("aria-invalid") !=
           std::string::npos;
  };
  CHECK(marked("account_password_wrong", "password"));
  CHECK_FALSE(marked("account_password_wrong", "new-password"));
  CHECK(marked("password_weak", "new-password"));
  CHECK_FALSE(marked("password_weak", "password"));
}

// The pages: escaping, policies, ids, sizes.
#include "server/page/page.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server/page/display.h"
#include "tests/support/catch.h"
#include "tests/unit/server/page/samples_test.h"

using namespace server::page;
using page_samples::filled_with;
using page_samples::ordinary;
using page_samples::Sample;

namespace {

// Each start tag with its attribute names, in order: "input type name value|form method …". Values
// and text are left out, so two documents with the same skeleton hold the same elements.
std::string skeleton(const std::string& html) {
  std::string out;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at)) {
    ++at;
    char quote = 0;
    bool in_value = false;
    for (; at < html.size(); ++at) {
      const char c = html[at];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
        in_value = false;
      } else if (c == '>') {
        break;
      } else if (c == '=') {
        in_value = true;
      } else if (c == ' ' || c == '\n') {
        in_value = false;
        out += ' ';
      } else if (!in_value) {
        out += c;
      }
    }
    out += '|';
  }
  return out;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string policy_of(const server::http::Response& response) {
  return std::string(response.get("Content-Security-Policy").value_or(""));
}

std::string address_in(const std::string& html, std::string_view prefix) {
  const std::size_t start = html.find(prefix);
  REQUIRE(start != std::string::npos);
  return html.substr(start, html.find('"', start) - start);
}

server::http::Response find(const Pages& pages, std::string_view name) {
  for (const Sample& sample : ordinary()) {
    if (sample.name == name) return sample.render(pages);
  }
  FAIL("no sample of that name");
  return {};
}

}  // namespace

TEST_CASE("outside text never becomes an element or an attribute", "[page]") {
  const Pages pages(Brand{"Sign-in \"<b>service</b>\""});
  // The links of the second set are kept as links, so it is compared with harmless links.
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"harmless", "\"'><script src=x>alert(1)</script><img src=x onerror='a'>"},
      {"harmless", "x' autofocus onfocus='alert(1)' y=\"<!--"},
      {"harmless", "</title></main></textarea>{{{title}}}{{> head}}<%= 1 %>&lt;script&gt;"},
      {"/a", "/a\"><script src=x>"},
      {"https://a", "https://a\" onclick=\"alert(1)\"><svg/onload=alert(1)>"},
  };
  for (const auto& [harmless, hostile] : pairs) {
    const std::vector<Sample> expected = filled_with(harmless);
    const std::vector<Sample> actual = filled_with(hostile);
    REQUIRE(expected.size() == actual.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      INFO(actual[i].name << " with " << hostile);
      const std::string html = actual[i].render(pages).body;
      CHECK(skeleton(html) == skeleton(expected[i].render(pages).body));
      CHECK_FALSE(holds(html, "<script src=x"));
      CHECK_FALSE(holds(html, "<svg"));
      CHECK_FALSE(holds(html, "<b>service"));
      CHECK(holds(html, "&lt;b&gt;service&lt;/b&gt;"));
    }
  }
}

TEST_CASE("outside text never changes a policy", "[page]") {
  const Pages pages(Brand{});
  for (const std::string hostile :
       {"*", "'unsafe-inline'", "https: *", "https:; script-src *", "https:\r\nSet-Cookie: a=b",
        "//evil.test", ":", "1a:", "data:,x", "javascript:alert(1)", "https://*.test"}) {
    for (const Sample& sample : filled_with(hostile)) {
      INFO(sample.name << " with " << hostile);
      CHECK(holds(policy_of(sample.render(pages)), "form-action 'self'; frame-ancestors 'none'"));
    }
  }
}

TEST_CASE("links of applications are https links or none", "[page]") {
  const Pages pages(Brand{});
  SignInView view{.application = {"App", "", "javascript:alert(1)", "http://a.test/"}};
  CHECK_FALSE(holds(pages.sign_in(view).body, "javascript:"));
  CHECK_FALSE(holds(pages.sign_in(view).body, "http://a.test"));
  view.application.policy_uri = "https://a.test/p?a=1&b=2";
  CHECK(holds(pages.sign_in(view).body, "href=\"https://a.test/p?a=1&amp;b=2\""));
}

TEST_CASE("every page has its policy and is never stored", "[page]") {
  const Pages pages(Brand{});
  for (const Sample& sample : ordinary()) {
    INFO(sample.name);
    const server::http::Response response = sample.render(pages);
    const std::string policy = policy_of(response);
    CHECK(policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self' data:; "));
    CHECK(holds(policy, "form-action 'self'"));
    CHECK(policy.ends_with("; frame-ancestors 'none'; base-uri 'none'"));
    CHECK(response.get("Content-Language") == "en");
    const bool with_script = holds(response.body, "<script");
    CHECK(holds(policy, with_script ? "script-src 'self';" : "script-src 'none';"));
    CHECK(response.get("Cache-Control") == "no-store");
    CHECK(response.get("X-Frame-Options") == "DENY");
    CHECK(response.get("X-Content-Type-Options") == "nosniff");
    CHECK(response.get("Referrer-Policy") == "same-origin");
    CHECK(response.get("Content-Type") == "text/html; charset=utf-8");
    CHECK_FALSE(holds(response.body, "<style"));
    CHECK_FALSE(holds(response.body, " style="));
    CHECK_FALSE(holds(response.body,
                      " on"
                      "click"));
    CHECK_FALSE(holds(response.body, "{{"));
    CHECK(response.body.starts_with("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">"));
    CHECK(std::string(skeleton(response.body)).find("|main ") != std::string::npos);
    CHECK(response.body.find("<h1") == response.body.rfind("<h1"));
  }
  CHECK(holds(policy_of(find(pages, "sign-in")), "form-action 'self' https:;"));
  CHECK(holds(policy_of(find(pages, "consent-confirm")), "form-action 'self' com.example.acme:;"));
  CHECK(
      holds(policy_of(find(pages, "demo-signed-in")), "form-action 'self' http://localhost:8080;"));
}

TEST_CASE("the sign-out page may frame the applications that it names, and nothing else",
          "[page]") {
  const Pages pages(Brand{});
  CHECK(holds(policy_of(find(pages, "front-channel-logout")),
              "; frame-src https://notes.acme.example https://mail.acme.example:8443; "
              "frame-ancestors 'none'"));
  const auto response = find(pages, "front-channel-logout");
  CHECK(holds(response.body, "src=\"https://notes.acme.example/out?iss=a&amp;sid=b\""));
  CHECK(holds(response.body, "id=\"logout-continue\""));
  CHECK_FALSE(holds(find(pages, "front-channel-logout-stays").body, "logout-continue"));
  // What is no origin opens nothing; the frame stays empty then.
  const auto hostile = pages.front_channel_logout(
      {.frames = {{"App", "https://a.test/", "https://a.test; script-src *"}}});
  CHECK_FALSE(holds(policy_of(hostile), "frame-src"));
}

TEST_CASE("others may frame the page that watches the session, and it does nothing else",
          "[page]") {
  const auto response = Pages(Brand{}).check_session();
  CHECK(policy_of(response) ==
        "default-src 'none'; script-src 'self'; frame-ancestors *; base-uri 'none'");
  CHECK_FALSE(response.get("X-Frame-Options").has_value());
  CHECK(response.get("Cache-Control") == "no-store");
  CHECK(holds(response.body, "<script src=\"/static/check_session."));
  CHECK(holds(response.body, "<body></body>"));
}

TEST_CASE("ids and field names stay fixed", "[page]") {
  const Pages pages(Brand{});
  const std::vector<std::pair<std::string, std::vector<std::string>>> expected = {
      {"sign-in",
       {"id=\"login-email\" name=\"email\"", "id=\"login-password\" name=\"password\"",
        "id=\"login-submit\"", "name=\"t\" value=\"v1.k1.c2VhbGVk\"", "action=\"/login\"",
        "for=\"login-email\"", "for=\"login-password\"", "autocomplete=\"username\"",
        "autocomplete=\"current-password\""}},
      {"sign-in-wrong",
       {"aria-describedby=\"login-notice\"", "id=\"login-notice\" role=\"alert\"",
        "value=\"alice@example.com\"", "<title>Error: ", "aria-invalid=\"true\"", "LK-7Q2M-X4TD"}},
      {"sign-in-throttled", {"Try again in 5 minutes."}},
      {"sign-in-again", {"role=\"status\"", "<title>Sign in to "}},
      {"consent",
       {"name=\"decision\" value=\"allow\" id=\"consent-allow\"",
        "name=\"decision\" value=\"deny\" id=\"consent-deny\"",
        "name=\"decision\" value=\"switch\" id=\"consent-switch\"", "action=\"/consent\"",
        "notes.acme.example", "alice@example.com", "Access while you are away",
        "target=\"_blank\" rel=\"noopener noreferrer\""}},
      {"consent-least", {"It learns that you signed in, and nothing else about you."}},
      {"consent-confirm", {"id=\"consent-allow\"", "id=\"consent-deny\"", "Nothing new is shared"}},
      {"sign-out", {"id=\"logout-confirm\"", "action=\"/logout\"", "name=\"t\""}},
      {"error-redirect", {"LK-7Q2M-X4TD", "invalid_request", "<title>Error: "}},
      {"demo", {"id=\"demo-sign-in\" href=\"/demo/sign-in\""}},
      {"demo-signed-in",
       {"id=\"demo-refresh\"", "action=\"/demo/refresh\"", "id=\"demo-sign-out\"",
        "action=\"/demo/sign-out\"", "name=\"csrf\" value=\"c1\""}},
      {"home", {"<h1><bdi class=\"name\">Latchkey</bdi></h1>", ">id.acme.example</bdi>"}},
      {"home-dev", {"href=\"/demo\"", "href=\"/.well-known/openid-configuration\""}},
  };
  for (const auto& [name, parts] : expected) {
    const std::string html = find(pages, name).body;
    for (const std::string& part : parts) {
      INFO(name << " lacks " << part);
      CHECK(holds(html, part));
    }
  }
  CHECK(find(pages, "sign-in-throttled").get("Retry-After") == "271");
  CHECK(find(pages, "error-plain").status == 503);
}

TEST_CASE("the sign-in page, its style and its script stay below 20 KB", "[page]") {
  const Pages pages(Brand{});
  const std::string html = find(pages, "sign-in").body;
  std::size_t size = html.size();
  for (const char* prefix : {"/static/style.", "/static/page.", "/static/icon."}) {
    const server::http::Response file = pages.static_file(address_in(html, prefix));
    REQUIRE(file.status == 200);
    CHECK(file.get("Cache-Control") == "public, max-age=31536000, immutable");
    size += file.body.size();
  }
  CHECK(size < 20'000);
  CHECK(pages.static_file(address_in(html, "/static/style.")).get("Content-Type") ==
        "text/css; charset=utf-8");
}

TEST_CASE("every page can be made from empty and from long values", "[page]") {
  const Pages pages(Brand{""});
  std::string mixed;  // long, with characters of each length and broken ones
  for (int i = 0; i < 500; ++i) mixed += "Zoë 名前 🦊 ‮x";
  for (const std::string& value : {std::string(), std::string(20'000, 'w'), mixed,
                                   std::string("\xff\xfe\xc3(\0<", 6), std::string(" \t\n ")}) {
    for (const Sample& sample : filled_with(value)) {
      INFO(sample.name);
      const server::http::Response response = sample.render(pages);
      CHECK(response.body.ends_with("</html>\n"));
      CHECK(response.body.find('\0') == std::string::npos);
    }
  }
}

TEST_CASE("names of applications can't mislead", "[page]") {
  const Pages pages(Brand{});
  SignInView view{.application = {"A\u202Eelgoog\u2066 \n\n  B", "", "", ""}};
  CHECK(holds(pages.sign_in(view).body, "<bdi class=\"name\">Aelgoog B</bdi>"));
  view.application.name = std::string(300, 'x');
  CHECK(holds(pages.sign_in(view).body, ">" + std::string(80, 'x') + "…</bdi>"));
  view.application.name = "";
  CHECK(holds(pages.sign_in(view).body, "the application"));
}

TEST_CASE("the demo shows the person first and the protocol behind a fold", "[page]") {
  const Pages pages(Brand{});
  const std::string html = find(pages, "demo-signed-in").body;
  // Each part stands after the one before it.
  std::size_t last = 0;
  for (const char* part :
       {"id=\"demo-refresh\"", "id=\"demo-sign-out\"", ">name</th>", ">given_name</th>",
        ">email</th>", ">locale</th>", ">updated_at</th>", ">sub</th>", "<details>", ">acr</th>",
        "1763726395 <span class=\"meaning\">21 November 2025, 11:59:55 UTC</span>",
        "1763727300 <span class=\"meaning\">21 November 2025, 12:15:00 UTC</span>",
        ">Access token ends</th>", ">1763727300 <span", "</details>"}) {
    INFO(part);
    const std::size_t at = html.find(part, last);
    REQUIRE(at != std::string::npos);
    last = at;
  }
  CHECK(html.find(">email</th>") == html.rfind(">email</th>"));  // told twice, shown once
  CHECK_FALSE(holds(find(pages, "demo").body, "<details"));
}

TEST_CASE("times in words", "[page]") {
  CHECK(utc_time("0") == "1 January 1970, 00:00:00 UTC");
  CHECK(utc_time("951782400") == "29 February 2000, 00:00:00 UTC");
  CHECK(utc_time("253402300799") == "31 December 9999, 23:59:59 UTC");
  for (const char* other : {"", "-1", "-0", "+1", " 1", "1 ", "1.5", "1e3", "253402300800",
                            "99999999999999999999999", "soon"}) {
    INFO(other);
    CHECK(utc_time(other).empty());
  }
}

TEST_CASE("error pages lead with what to do", "[page]") {
  const Pages pages(Brand{});
  const std::string html = find(pages, "error-redirect").body;
  const std::size_t details = html.find("<h2>Details</h2>");
  REQUIRE(details != std::string::npos);
  CHECK(html.find("<p><bdi>Nothing is wrong with your account.") < details);
  CHECK(html.find("The redirect_uri of the request") > details);
  CHECK(holds(html, "Reference <code>LK-7Q2M-X4TD</code>"));
  // Without a remedy the sentence is all there is to say, and without facts there are no details.
  CHECK(holds(find(pages, "error-plain").body,
              "<p><bdi>The server is busy; nothing was used up, so try again.</bdi></p>"));
  CHECK(holds(find(pages, "error-missing").body,
              "<p class=\"quiet\"><bdi>The address leads nowhere"));
  CHECK_FALSE(holds(find(pages, "error-missing").body, "Details"));
}

TEST_CASE("our mark stands beside no other name", "[page]") {
  const Pages pages(Brand{"Example"});
  const auto header = [&](const Look& look) {
    const std::string html = pages.signed_out({.look = look}).body;
    const std::size_t start = html.find("<header");
    return html.substr(start, html.find("</header>") - start);
  };
  CHECK(holds(header({}), "/static/icon."));
  CHECK_FALSE(holds(header({.name = "Sunflower"}), "<img"));
  CHECK(holds(header({.name = "Sunflower", .logo = "/brand/a.0.png"}), "src=\"/brand/a.0.png\""));
  CHECK_FALSE(holds(header({.name = "Sunflower", .logo = "/brand/a.0.png"}), "/static/icon."));
  CHECK(holds(pages.signed_out({.look = {.logo = "/brand/a.0.png"}}).body,
              "<link rel=\"icon\" href=\"/brand/a.0.png\">"));
}

TEST_CASE("the field that is wrong is where the typing goes on", "[page]") {
  const Pages pages(Brand{});
  const auto field = [&](SignInNotice notice, const std::string& id) {
    const SignInView view{.t = "t", .email = "nobody", .notice = notice, .link_action = "/m/send"};
    const std::string html = pages.sign_in(view).body;
    const std::size_t start = html.find("<input id=\"" + id + "\"");
    return html.substr(start, html.find('>', start) - start);
  };
  CHECK(holds(field(SignInNotice::bad_address, "login-email"), "aria-invalid=\"true\""));
  CHECK(holds(field(SignInNotice::bad_address, "login-email"), "autofocus"));
  CHECK_FALSE(holds(field(SignInNotice::bad_address, "login-password"), "aria-invalid"));
  CHECK(holds(field(SignInNotice::wrong_credentials, "login-password"), "aria-invalid=\"true\""));
  CHECK(holds(field(SignInNotice::wrong_credentials, "login-password"), "autofocus"));
}

TEST_CASE("waiting times are rounded up", "[page]") {
  const Pages pages(Brand{});
  for (const auto& [seconds, text] :
       std::vector<std::pair<std::int64_t, std::string>>{{-5, "1 minute."},
                                                         {0, "1 minute."},
                                                         {60, "1 minute."},
                                                         {61, "2 minutes."},
                                                         {7200, "about 2 hours."},
                                                         {7201, "about 3 hours."}}) {
    const SignInView view{.notice = SignInNotice::throttled, .retry_after_s = seconds};
    CHECK(holds(pages.sign_in(view).body, "Try again in " + text));
  }
}

TEST_CASE("static files come from the table only", "[page]") {
  const Pages pages(Brand{});
  const std::string style = address_in(find(pages, "sign-in").body, "/static/style.");
  for (const std::string& path :
       {std::string("/static/../../etc/passwd"), std::string("/static/%2e%2e/%2e%2e/etc/passwd"),
        std::string("/static/..%5c..%5cetc%5cpasswd"), std::string("/static//etc/passwd"),
        std::string("/static/"), std::string("/static"), std::string("/static/style.css"),
        std::string("/static/style.0000000000000000.css"), std::string("//static/style.css"),
        std::string(), std::string("/"), style + "%00.css", style + std::string(1, '\0'),
        style + "/", style + "?", "/static/x/.." + style.substr(7), style.substr(1),
        style.substr(0, style.size() - 1), "/STATIC" + style.substr(7)}) {
    INFO(path);
    const server::http::Response response = pages.static_file(path);
    CHECK(response.status == 404);
    CHECK(response.body.size() < 100);
  }
}

TEST_CASE("pages can be made on many threads at once", "[page]") {
  const Pages pages(Brand{});
  const std::string expected = find(pages, "consent").body;
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        if (find(pages, "consent").body != expected) ++wrong[i];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::ranges::all_of(wrong, [](int count) { return count == 0; }));
}

// With LATCHKEY_PREVIEW_DIR set, writes every page there to be looked at in a browser, each with
// its policy beside it, and the static files below static/.
TEST_CASE("preview", "[page]") {
  const char* folder = std::getenv("LATCHKEY_PREVIEW_DIR");
  if (folder == nullptr) return;
  const Pages pages(Brand{});
  const std::filesystem::path root(folder);
  std::filesystem::create_directories(root / "static");
  const auto write = [&](const std::string& name, const std::string& contents) {
    std::ofstream(root / name, std::ios::binary) << contents;
  };
  std::vector<Sample> samples;
  for (const std::string& language : languages()) {
    Look look{.language = language};
    // One of them in the looks of an application.
    if (language == "de") look.support_email = "hilfe@acme.example";
    for (Sample& sample : ordinary(look)) {
      samples.push_back({language + "-" + sample.name, std::move(sample.render)});
    }
  }
  const std::vector<Sample> empty = filled_with("");
  const std::vector<Sample> full = filled_with(
      "https://a-rather-long-value.with-parts.example/Donaudampfschifffahrtselektrizitäten"
      "hauptbetriebswerkbauunterbeamtengesellschaft/0123456789012345678901234567890123456789");
  for (std::size_t i = 0; i < full.size(); ++i) {
    samples.push_back({"long-" + full[i].name + "-" + std::to_string(i), full[i].render});
    samples.push_back({"empty-" + empty[i].name + "-" + std::to_string(i), empty[i].render});
  }
  for (const Sample& sample : samples) {
    const server::http::Response response = sample.render(pages);
    write(sample.name + ".html", response.body);
    write(sample.name + ".policy", policy_of(response));
    for (const char* prefix :
         {"/static/style.", "/static/page.", "/static/icon.", "/static/form_post.",
          "/static/front_channel_logout.", "/static/link_ready."}) {
      if (!holds(response.body, prefix)) continue;
      const std::string address = address_in(response.body, prefix);
      write(address.substr(1), pages.static_file(address).body);
    }
  }
}

// Which language a page is shown in.
#include "server/page/look.h"

#include "server/page/display.h"
#include "server/page/page.h"
#include "server/page/texts.h"
#include "tests/support/catch.h"

using namespace server::page;

TEST_CASE("pick_language: Accept-Language by weight, then by place", "[look]") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "fr"},
      {"de", "de"},
      {"de-AT", "de"},
      {"DE_ch", "de"},
      {"zh-CN", "zh"},
      {"zh-Hans-SG,en;q=0.5", "zh"},
      {"zh-TW", "zh"},  // rather these than letters that are harder to read still
      {"pt-BR,pt;q=0.9,en;q=0.8", "pt"},
      {"it,es;q=0.4,ja;q=0.6", "ja"},
      {"en;q=0.7, ar;q=0.9", "ar"},
      {"en;q=0.5,de;q=0.5", "en"},
      {"de;q=0,en;q=0.1", "en"},
      {"de ; q=0.2 , es ; Q=0.3", "es"},
      {"de;q=1.000,en;q=0.999", "de"},
      {"*", "fr"},
      {"it,nl", "fr"},
      {"de;q=high,en;q=0.1", "en"},
      {"de;level=1", "fr"},
      {"de;q=0.1234,en;q=0.1", "en"},
      {"den", "fr"},
      {",,;q=1,=,de", "de"},
  };
  for (const auto& [header, expected] : cases) {
    INFO(header);
    CHECK(pick_language("", header, "fr") == expected);
  }
  CHECK(pick_language("", "", "xx") == "en");
  CHECK(pick_language("", "", "") == "en");
  // Whatever its length, no more than the first few are read.
  std::string long_header;
  for (int i = 0; i < 10'000; ++i) long_header += "it;q=0.5,";
  CHECK(pick_language("", long_header + "de", "fr") == "fr");
}

TEST_CASE("pick_language: what the application asks for goes first", "[look]") {
  CHECK(pick_language("ja", "de", "en") == "ja");
  CHECK(pick_language("it nl de-CH en", "fr", "en") == "de");
  CHECK(pick_language("it  nl", "fr", "en") == "fr");
  CHECK(pick_language("\"><script>", "", "en") == "en");
}

TEST_CASE("right-to-left pages say so", "[look]") {
  const Pages pages(Brand{});
  for (const std::string& language : languages()) {
    INFO(language);
    const auto response = pages.signed_out({.look = {.language = language}});
    const std::string dir = is_right_to_left(language) ? "rtl" : "ltr";
    CHECK(response.body.find("<html lang=\"" + language + "\" dir=\"" + dir + "\">") !=
          std::string::npos);
    CHECK(response.get("Content-Language") == language);
  }
  CHECK(is_right_to_left("ar"));
  CHECK_FALSE(is_right_to_left("de"));
  // A language that we don't have never reaches the page.
  const auto other = pages.signed_out({.look = {.language = "\"><b>"}});
  CHECK(other.get("Content-Language") == "en");
  CHECK(other.body.find("<html lang=\"en\" dir=\"ltr\">") != std::string::npos);
}

TEST_CASE("times are told in the language of the page", "[look]") {
  CHECK(waiting_time("en", -5) == "1 minute");
  CHECK(waiting_time("en", 61) == "2 minutes");
  CHECK(waiting_time("en", 7200) == "about 2 hours");
  CHECK(waiting_time("de", 300) == "5 Minuten");
  CHECK(waiting_time("ja", 300) == "5分");
  CHECK(waiting_time("ar", 60) == "دقيقة واحدة");
  CHECK(waiting_time("ar", 120) == "دقيقتين");
  CHECK(waiting_time("ar", 300).find("دقائق") != std::string::npos);
  CHECK(waiting_time("ar", 660).find("دقيقة") != std::string::npos);
  CHECK(date_time("en", 1763726395) == "2025-11-21, 11:59 UTC");
  CHECK(date_time("de", 1763726395) == "21.11.2025, 11:59 Uhr UTC");
  CHECK(date_time("ja", 1763726395) == "2025年11月21日 11:59 UTC");
  CHECK(date_time("en", -1).empty());
  CHECK(date_time("en", 253'402'300'800).empty());
}

TEST_CASE("the brand stands on the page, and nothing foreign", "[look]") {
  const Pages pages(Brand{"Sign-in"});
  Look look{.name = "Meadow",
            .stylesheet = "/brand/meadow.css",
            .logo = "/brand/meadow.png",
            .support_email = "help+id@meadow.example",
            .support_url = "https://meadow.example/help?a=1&b=2"};
  const std::string html = pages.signed_out({.look = look}).body;
  for (const char* part :
       {"<title>You are signed out – Meadow</title>",
        "<link rel=\"stylesheet\" href=\"/brand/meadow.css\">", "src=\"/brand/meadow.png\"",
        "<bdi>Meadow</bdi>", "href=\"mailto:help+id@meadow.example\"",
        "href=\"https://meadow.example/help?a=1&amp;b=2\""}) {
    INFO(part);
    CHECK(html.find(part) != std::string::npos);
  }
  // Ours comes first, so that the brand's colours win.
  CHECK(html.find("/static/style.") < html.find("/brand/meadow.css"));
  look.name = "<b>Meadow\u202e";
  CHECK(pages.signed_out({.look = look}).body.find("<bdi>&lt;b&gt;Meadow</bdi>") !=
        std::string::npos);
  look = {.name = "",
          .stylesheet = "https://evil.test/x.css",
          .logo = "//evil.test/x.png",
          .support_email = "a@b.test?cc=c@d.test",
          .support_url = "javascript:alert(1)"};
  const std::string plain = pages.signed_out({.look = look}).body;
  CHECK(plain.find("evil.test") == std::string::npos);
  CHECK(plain.find("mailto:") == std::string::npos);
  CHECK(plain.find("javascript:") == std::string::npos);
  CHECK(plain.find("<bdi>Sign-in</bdi>") != std::string::npos);
  CHECK(plain.find("<footer") == std::string::npos);
}

TEST_CASE("browsers are named in the reader's language", "[look]") {
  CHECK(browser_text("en", "Firefox/Android") == "Firefox on Android");
  CHECK(browser_text("de", "Firefox/Android") == "Firefox unter Android");
  CHECK(browser_text("ja", "Edge/Windows") == "Edge（Windows）");
  CHECK(browser_text("ar", "Firefox/Linux") == "\u2068Firefox\u2069 على \u2068Linux\u2069");
  CHECK(browser_text("en", "/Linux") == "Unknown browser on Linux");
  CHECK(browser_text("de", "/Linux") == "Unbekannter Browser unter Linux");
  CHECK(browser_text("de", "Firefox/") == "Firefox");
  CHECK(browser_text("de", "Firefox") == "Firefox");
  CHECK(browser_text("de", "") == "");
  CHECK(requester_text("en", "Firefox/Android", "198.51.100.7") ==
        "Firefox on Android, 198.51.100.7");
  CHECK(requester_text("ar", "", "198.51.100.7") == "198.51.100.7");
  CHECK(requester_text("zh", "Safari/iPhone", "2001:db8::1") == "Safari（iPhone），2001:db8::1");
}

// The catalogues: complete in every language, used everywhere, and replaceable by the operator's.
#include "server/page/texts.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "oidc/base/text.h"
#include "server/page/library.h"
#include "server/page/look.h"
#include "server/page/page.h"
#include "server/page/template_set.h"
#include "tests/support/catch.h"

using namespace server::page;
namespace fs = std::filesystem;

namespace {

std::multiset<std::string> places_of(const std::string& text) {
  std::multiset<std::string> out;
  split_text(text, [&](std::string_view part, bool is_place) {
    if (is_place) out.insert(std::string(part));
  });
  return out;
}

std::string all_sources() {
  std::string out;
  const fs::path root = LATCHKEY_SOURCE_DIR;
  for (const char* folder : {"server", "templates"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".h" && extension != ".mustache") continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      std::ostringstream contents;
      contents << stream.rdbuf();
      out += contents.str();
    }
  }
  return out;
}

// Whole, or put together from a beginning and an end, as "error_" + "404" or key + "_advice".
bool is_used(const std::string& sources, const std::string& key) {
  const auto quoted = [&](const std::string& part) {
    return sources.find("\"" + part + "\"") != std::string::npos;
  };
  if (sources.find("{{t_" + key + "}}") != std::string::npos || quoted(key)) return true;
  for (std::size_t at = key.find('_'); at != std::string::npos; at = key.find('_', at + 1)) {
    const std::string start = key.substr(0, at);
    if (quoted(start + "_") || (quoted(start) && quoted(key.substr(at)))) return true;
  }
  return false;
}

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "latchkey-texts-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    fs::remove_all(path);
    load_library({});
  }
  void write(const std::string& name, const std::string& contents) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::binary) << contents;
  }
};

std::string refusal(const fs::path& folder) {
  try {
    const Pages pages(Brand{}, folder);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every language has every text, with the same places, and no other", "[texts]") {
  const auto& texts = library().texts;
  REQUIRE(texts.size() == languages().size());
  const auto& english = texts.at("en");
  for (const std::string& language : languages()) {
    const auto& table = texts.at(language);
    for (const auto& [key, text] : english) {
      INFO(language << " " << key);
      REQUIRE(table.contains(key));
      const std::string& translated = table.at(key);
      CHECK(places_of(translated) == places_of(text));
      CHECK_FALSE(translated.empty());
      CHECK(oidc::trim(translated) == translated);
      CHECK(translated.find('<') == std::string::npos);
    }
    for (const auto& [key, text] : table) {
      INFO(language << " has a text that English lacks: " << key);
      CHECK(english.contains(key));
    }
  }
}

TEST_CASE("every template can be read in every language", "[texts]") {
  load_library({});
  CHECK_NOTHROW(check_templates());
}

TEST_CASE("every text is used", "[texts]") {
  const std::string sources = all_sources();
  for (const auto& [key, text] : library().texts.at("en")) {
    INFO(key);
    CHECK(is_used(sources, key));
  }
}

TEST_CASE("pages have no English of their own", "[texts]") {
  // Letters between tags that come from no text and no field; the pages for developers may.
  for (const auto& [name, source] : library().files) {
    if (!name.ends_with(".mustache") || name == "demo.mustache" || name == "home.mustache" ||
        name == "check_session.mustache" || name == "partials/seeded.mustache" ||
        name.starts_with("mail/") || name.starts_with("partials/mail_") ||
        name.starts_with("dev_")) {
      continue;
    }
    std::string visible;
    bool in_tag = false;
    for (std::size_t i = 0; i < source.size(); ++i) {
      if (source.compare(i, 2, "{{") == 0) {
        i = source.find("}}", i) + 1;
      } else if (source[i] == '<') {
        in_tag = true;
      } else if (source[i] == '>') {
        in_tag = false;
      } else if (!in_tag) {
        visible += source[i];
      }
    }
    INFO(name << ": " << visible);
    CHECK(std::ranges::none_of(
        visible, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }));
  }
}

TEST_CASE("places are filled in", "[texts]") {
  CHECK(text("en", "login_window", {{"app_name", "Acme {app_name} & Co"}}) ==
        "Sign in to Acme {app_name} & Co");
  CHECK(text("en", "login_window") == "Sign in to ");
  CHECK(text("de", "common_cancel") == "Abbrechen");
  CHECK(text("xx", "common_cancel") == "Cancel");
  CHECK(text("en", "no such key") == "no such key");
  CHECK_FALSE(has_text("no such key"));
  // In Arabic a Latin name keeps its own direction.
  CHECK(text("ar", "login_window", {{"app_name", "Acme"}}).find("\u2068Acme\u2069") !=
        std::string::npos);
  std::string seen;
  split_text("a {b} {} {C} {d", [&](std::string_view part, bool is_place) {
    seen += is_place ? "[" + std::string(part) + "]" : std::string(part);
  });
  CHECK(seen == "a [b] {} {C} {d");
}

TEST_CASE("templates show texts escaped, and their places by markup of their own", "[texts]") {
  const Pages pages(Brand{});
  SignInView view{.look = {.language = "fr"}, .application = {.name = "Acme"}};
  const std::string html = pages.sign_in(view).body;
  CHECK(html.find("<h1>Connectez-vous pour continuer vers <bdi class=\"name\">Acme</bdi></h1>") !=
        std::string::npos);
}

TEST_CASE("the operator's templates and texts stand in for ours", "[texts]") {
  const Folder folder;
  folder.write("signed_out.mustache",
               "{{> head}}\n<main><h1>Bye</h1>{{t_logout_done}}</main>\n"
               "{{> house}}\n{{> foot}}\n");
  folder.write("partials/house.mustache", "<p>The house rules</p>\n");
  folder.write("texts/en.json", R"({"logout_done": "See you <soon>"})");
  folder.write("README.md", "ours");
  const Pages pages(Brand{}, folder.path);
  const std::string html = pages.signed_out({}).body;
  CHECK(html.find("<h1>Bye</h1>See you &lt;soon&gt;") != std::string::npos);
  CHECK(html.find("The house rules") != std::string::npos);
  CHECK(html.find("<title>See you &lt;soon&gt;") != std::string::npos);
  CHECK(pages.signed_out({.look = {.language = "de"}}).body.find("Sie sind abgemeldet") !=
        std::string::npos);
  const Pages ours(Brand{});
  CHECK(ours.signed_out({}).body.find("Bye") == std::string::npos);
}

TEST_CASE("a broken template stops the start with a sentence that names it", "[texts]") {
  const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
      {"sign_in.mustache", "{{#wrong}}never closed", "sign_in.mustache"},
      {"sign_in.mustache", "{{{email}}}", "prints without escaping"},
      {"sign_in.mustache", "{{&email}}", "prints without escaping"},
      {"sign_in.mustache", "{{t_no_such_text}}", "no text no_such_text"},
      {"sign_in.mustache", "{{> nowhere}}", "no template partials/nowhere.mustache"},
      {"sign_in.mustache", "<p>{{> nowhere}}</p>", "no template partials/nowhere.mustache"},
      {"sign_in.mustache", "\xff", "not UTF-8"},
      {"sign_in.mustache", std::string(300'000, 'x'), "larger than 256 KB"},
      {"partials/head.mustache", "{{> head}}", "circle"},
      {"signin.mustache", "x", "signin.mustache replaces no template"},
      {"mail/nothing.html.mustache", "x", "replaces no template"},
      {"texts/xx.json", "{}", "language that is not offered"},
      {"texts/de.json", "{", "no JSON object"},
      {"texts/de.json", "{\"login_submit\": 1}", "no string"},
      {"texts/de.json", "{\"login_submit\": \"{{#x}}\"}", "holds {{ or }}"},
      {"texts/de.json", "{\"no_such_key\": \"x\"}", "there is no text no_such_key"},
  };
  for (const auto& [name, contents, expected] : cases) {
    INFO(name << ": " << contents.substr(0, 60));
    const Folder folder;
    folder.write(name, contents);
    const std::string sentence = refusal(folder.path);
    INFO(sentence);
    CHECK(sentence.find(expected) != std::string::npos);
  }
  CHECK(refusal("/no/such/folder").find("/no/such/folder cannot be read") != std::string::npos);
}

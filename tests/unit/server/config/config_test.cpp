#include "server/config/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "server/config/option_table.h"
#include "tests/support/catch.h"

namespace {

using namespace server::config;
namespace fs = std::filesystem;

bool contains(const std::string& text, std::string_view part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "latchkey-config-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const auto file = (path_ / name).string();
    std::ofstream(file, std::ios::binary) << text;
    chmod(file.c_str(), mode);
    return file;
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

Input without_file(NamedValues flags = {}, NamedValues environment = {}) {
  return {std::move(flags), std::move(environment), ""};
}

std::string error_of(const Input& input) {
  const auto loaded = load(input);
  return loaded ? "no error" : loaded.error();
}

TEST_CASE("a fresh Config holds the defaults", "[config]") {
  const Config config;
  CHECK(config.issuer.empty());
  CHECK(config.listen == std::vector<std::string>{"127.0.0.1:8080"});
  CHECK(config.database == "sqlite:latchkey.db");
  CHECK(config.management_listen == "127.0.0.1:9090");
  CHECK(config.trusted_proxies.empty());
  CHECK(config.max_connections == 10'000);
  CHECK(config.access_token_lifetime == std::chrono::minutes(15));
  CHECK(config.refresh_token_absolute_lifetime == std::chrono::days(180));
  CHECK(config.shutdown_grace == std::chrono::seconds(25));
  CHECK(config.log_level == "info");
  CHECK(config.service_name == "Latchkey");
}

TEST_CASE("every row of options.def is well formed", "[config]") {
  std::set<std::string_view> names;
  for (const auto& option : options()) {
    INFO(option.name);
    CHECK(names.insert(option.name).second);
    CHECK(option.name != "config");  // names the file
    CHECK(option.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
    CHECK_FALSE(option.help.empty());
    CHECK_FALSE(option.help.ends_with('.'));
    CHECK((option.doc.empty() || option.doc.ends_with('.')));
    CHECK_FALSE(option.section.empty());
    const bool needs_limits =
        option.type == OptionType::integer || option.type == OptionType::duration;
    CHECK((!needs_limits || option.limits.find("..") != std::string_view::npos));
    // What is written can be read again.
    Config config;
    CHECK(option.read(option.write(config), option.limits, config));
    CHECK(option.write(config) == option.write(Config()));
  }
}

TEST_CASE("default < file < environment < flag, and each value knows its source", "[config]") {
  const Folder folder;
  const auto file = folder.write("settings.toml",
                                 "# comment\n"
                                 "issuer = \"https://file.example\"\n"
                                 "max_connections = 20\n"
                                 "listen = [\"127.0.0.1:1\", \"[::1]:1\"]\n"
                                 "log_level = 'debug'\n"
                                 "trusted_proxies = \"10.0.0.0/8, ::1\"\n");
  Input input;
  input.default_file = file;
  input.environment = {
      {"PATH", "/bin"}, {"LATCHKEY_MAX_CONNECTIONS", "30"}, {"LATCHKEY_LOG_LEVEL", "warn"}};
  input.flags = {{"log_level", "error"}};
  const auto loaded = load(input);
  REQUIRE(loaded);
  CHECK(loaded->config.issuer == "https://file.example");
  CHECK(loaded->config.listen == std::vector<std::string>{"127.0.0.1:1", "[::1]:1"});
  CHECK(loaded->config.trusted_proxies == std::vector<std::string>{"10.0.0.0/8", "::1"});
  CHECK(loaded->config.max_connections == 30);
  CHECK(loaded->config.log_level == "error");
  CHECK(loaded->sources.at("issuer") == file + " line 2");
  CHECK(loaded->sources.at("max_connections") == "environment LATCHKEY_MAX_CONNECTIONS");
  CHECK(loaded->sources.at("log_level") == "flag --log-level");
  CHECK(loaded->is_default("database"));
  CHECK_FALSE(loaded->is_default("issuer"));
}

TEST_CASE("settings are taken out of the command line wherever they stand", "[config]") {
  const auto taken =
      take_settings({"client", "--issuer", "https://a.example", "add", "--name", "N",
                     "--data_dir=/x=y", "--json", "--config=c.toml", "--", "--listen"});
  REQUIRE(taken);
  CHECK(taken->settings ==
        NamedValues{{"issuer", "https://a.example"}, {"data_dir", "/x=y"}, {"config", "c.toml"}});
  CHECK(taken->rest ==
        std::vector<std::string>{"client", "add", "--name", "N", "--json", "--", "--listen"});

  CHECK(take_settings({"serve", "--issuer"}).error() == "--issuer needs a value.");
  CHECK(take_settings({"--data-dir", "a", "--data_dir=b"}).error() ==
        "--data-dir stands twice on the command line.");
  CHECK(take_settings({"--database-file=x"})->settings == NamedValues{{"database_file", "x"}});
}

TEST_CASE("unknown names are errors that give the nearest one", "[config]") {
  CHECK(unknown_argument("--isuer=x") ==
        "There is no option --isuer here; the nearest setting is --issuer.");
  CHECK(unknown_argument("stray") == "The argument \"stray\" is not expected here.");
  CHECK(error_of(without_file({{"isuer", "x"}})) ==
        "There is no option --isuer here; the nearest setting is --issuer.");
  CHECK(error_of(without_file({}, {{"LATCHKEY_DATABSE", "x"}})) ==
        "The environment variable LATCHKEY_DATABSE is no setting; the nearest is "
        "LATCHKEY_DATABASE.");
  CHECK(contains(error_of(without_file({}, {{"LATCHKEY_issuer", "x"}})),
                 "the nearest is LATCHKEY_ISSUER."));
  const Folder folder;
  const auto file = folder.write("a.toml", "\nmax_conections = 3\n");
  CHECK(error_of({{}, {}, file}) ==
        "\"max_conections\" is no setting; the nearest is max_connections (" + file + " line 2).");
}

TEST_CASE("bad values name the setting, the value and the source", "[config]") {
  CHECK(error_of(without_file({}, {{"LATCHKEY_MAX_CONNECTIONS", "abc"}})) ==
        "max_connections must be a whole number from 10 to 1000000, not \"abc\" (environment "
        "LATCHKEY_MAX_CONNECTIONS).");
  CHECK(error_of(without_file({{"shutdown_grace", "30s"}})) ==
        "shutdown_grace must be a duration from 0s to 29s, such as 30s, 10m, 12h or 30d, not "
        "\"30s\" (flag --shutdown-grace).");
  const auto secret = error_of(without_file({{"database", "postgresql://u:hunter2@h/\x01"}}));
  CHECK(contains(secret, "database must be text"));
  CHECK_FALSE(contains(secret, "hunter2"));
}

TEST_CASE("the settings file must be flat, valid TOML", "[config]") {
  const Folder folder;
  const auto error = [&](const std::string& text) {
    return error_of({{}, {}, folder.write("f.toml", text)});
  };
  CHECK(contains(error("issuer = \n"), "is not valid TOML at line 1"));
  CHECK(contains(error("issuer = 'a'\nissuer = 'b'\n"), "is not valid TOML at line 2"));
  CHECK(contains(error("[issuer]\nx = 1\n"), "issuer must be text, a whole number"));
  CHECK(contains(error("[server]\nissuer = 'x'\n"), "\"server\" is no setting"));
  CHECK(contains(error("issuer = ['a']\n"), "must be a single value, not a list"));
  CHECK(contains(error("listen = ['a,b']\n"), "list of texts without commas"));
  CHECK(contains(error("listen = [1]\n"), "list of texts without commas"));
  CHECK(contains(error("max_connections = 1.5\n"), "max_connections must be text"));
  CHECK(contains(error(std::string(1024 * 1024 + 1, '#')), "is larger than"));
  CHECK(load({{}, {}, folder.write("empty.toml", "")}));
}

TEST_CASE("an absent default file is fine, an absent named one is not", "[config]") {
  const Folder folder;
  const auto absent = folder.path() + "/none.toml";
  CHECK(load({{}, {}, absent}));
  CHECK(error_of({{{"config", absent}}, {}, ""}) ==
        "The settings file " + absent + " cannot be read: No such file or directory.");
  CHECK(contains(error_of({{}, {{"LATCHKEY_CONFIG", absent}}, ""}), "cannot be read"));
  CHECK(contains(error_of({{}, {}, folder.path()}), "is a folder"));
  const auto file = folder.write("named.toml", "issuer = 'https://named.example'\n");
  CHECK(load({{{"config", file}}, {{"LATCHKEY_CONFIG", absent}}, absent})->config.issuer ==
        "https://named.example");
}

TEST_CASE("a secret can come from a file", "[config]") {
  const Folder folder;
  const auto file = folder.write("dsn", "postgresql://u:pw@h/n\n");
  const auto loaded = load(without_file({}, {{"LATCHKEY_DATABASE_FILE", file}}));
  REQUIRE(loaded);
  CHECK(loaded->config.database == "postgresql://u:pw@h/n");
  CHECK(loaded->sources.at("database") == "file " + file + " (environment LATCHKEY_DATABASE_FILE)");
  CHECK(contains(error_of(without_file({{"database_file", "/nonexistent"}})),
                 "The file named by database_file cannot be read"));
  CHECK(contains(error_of(without_file({{"database", "sqlite:a"}, {"database_file", file}})),
                 "Give either database or database_file, not both"));
  // A higher level beats a lower one, whatever the form.
  CHECK(load(without_file({{"database", "sqlite:a"}}, {{"LATCHKEY_DATABASE_FILE", file}}))
            ->config.database == "sqlite:a");
  CHECK(contains(error_of(without_file({{"issuer_file", file}})), "no option --issuer-file"));
}

TEST_CASE("print_config shows values and sources, and hides secrets", "[config]") {
  const auto loaded = load(without_file({{"issuer", "https://a.example"},
                                         {"service_name", "A \"B\" \\"},
                                         {"database", "postgresql://u:hunter2@h/n"}}));
  REQUIRE(loaded);
  const auto text = print_config(*loaded);
  CHECK(contains(text, "issuer = \"https://a.example\""));
  CHECK(contains(text, "  # flag --issuer\n"));
  CHECK(contains(text, "service_name = \"A \\\"B\\\" \\\\\""));
  CHECK(contains(text, "database = \"(hidden)\""));
  CHECK(contains(text, "max_connections = 10000 "));
  CHECK(contains(text, "refresh_token_idle_lifetime = \"30d\""));
  CHECK_FALSE(contains(text, "hunter2"));

  // The output is a settings file again.
  const Folder folder;
  const auto file = folder.write("printed.toml", print_config(*load(without_file())));
  const auto again = load({{}, {}, file});
  REQUIRE(again);
  for (const auto& option : options()) {
    INFO(option.name);
    CHECK(option.write(again->config) == option.write(Config()));
  }
  CHECK(contains(print_config(*load(without_file({{"database", "sqlite:x.db"}}))),
                 "database = \"sqlite:x.db\""));
}

TEST_CASE("help names every setting", "[config]") {
  const auto help = help_text();
  for (const auto& option : options()) {
    CHECK(contains(help, "  " + flag_name(option.name) + " "));
  }
  CHECK(contains(help, "--database-file FILE"));
  CHECK(contains(help, "[127.0.0.1:8080]"));
}

TEST_CASE("docs/configuration.md is up to date", "[config]") {
  const auto root = fs::path(LATCHKEY_SOURCE_DIR);
  std::ifstream stream(root / "docs/configuration.md", std::ios::binary);
  std::stringstream contents;
  contents << stream.rdbuf();
  INFO("Run: build/dev/latchkey --print-docs > docs/configuration.md");
  const bool is_same = contents.str() == markdown();
  CHECK(is_same);
}

TEST_CASE("environment_from parts at the first equals sign", "[config]") {
  const char* const block[] = {"A=b=c", "EMPTY=", "nothing", nullptr};
  CHECK(environment_from(block) == NamedValues{{"A", "b=c"}, {"EMPTY", ""}});
  CHECK(environment_from(nullptr).empty());
}

TEST_CASE("in_data_dir", "[config]") {
  Config config;
  config.data_dir = "/var/lib/latchkey";
  CHECK(in_data_dir(config, "latchkey.db") == "/var/lib/latchkey/latchkey.db");
  CHECK(in_data_dir(config, "/x/y") == "/x/y");
}

}  // namespace

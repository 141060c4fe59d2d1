#include "server/admin/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "server/admin/command.h"

namespace server::admin {
namespace {

struct Group {
  const char* name;
  void (*define)(CLI::App& app, Action& action, const OpenWorkplace& open);
};
constexpr Group kGroups[] = {
    {"client", define_client_commands}, {"user", define_user_commands},
    {"logout", define_logout_commands}, {"mail", define_mail_commands},
    {"brand", define_brand_commands},
};

std::string choices(const std::string& typed, const std::vector<const CLI::App*>& below) {
  std::string known;
  for (const auto* command : below) {
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  return typed + " needs one of: " + known + "; see " + typed + " --help.";
}

// Better than what CLI11 says about a sub-command that is missing or not there. True: said.
bool explain_unknown(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* at = &app;
  std::string typed = "latchkey";
  for (std::size_t i = 0;; ++i) {
    const auto below = at->get_subcommands([](const CLI::App*) { return true; });
    const std::string word = i < arguments.size() ? arguments[i] : "";
    if (below.empty() || word == "--help" || word == "-h") return false;
    const auto found = std::ranges::find_if(
        below, [&](const auto* command) { return command->get_name() == word; });
    if (found == below.end()) {
      misuse(choices(typed, below));
      return true;
    }
    at = *found;
    typed += " " + word;
  }
}

// One sentence, and where the help is.
std::string explain_failure(const CLI::App* app, const CLI::Error& error) {
  std::string typed = "latchkey";
  while (!app->get_subcommands().empty()) {
    app = app->get_subcommands().front();
    typed += " " + app->get_name();
  }
  return std::string("latchkey: ") + error.what() + "; see " + typed + " --help.\n";
}

}  // namespace

oidc::TimePoint command_time() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

store::Actor command_actor() {
  return {"operator", ""};
}

int refuse(const std::string& sentence) {
  std::cerr << "latchkey: " << sentence << "\n";
  return 1;
}

int misuse(const std::string& sentence) {
  refuse(sentence);
  return 2;
}

void remark(const std::string& sentence) {
  std::cerr << "latchkey: " << sentence << "\n";
}

void remark_on_list(std::size_t rows, int limit, const std::string& none, const std::string& last) {
  if (rows == 0) {
    remark(none);
  } else if (rows >= static_cast<std::size_t>(limit)) {
    remark("There may be more: " +
           (last.empty() ? "give a larger --limit." : "go on with --after " + last + "."));
  }
}

void print(const nlohmann::json& value) {
  std::cout << value.dump(2) << "\n";
}

std::string write_time(oidc::TimePoint at) {
  const std::time_t seconds = oidc::to_seconds(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected("The file " + path + " cannot be read.");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void add_paging(CLI::App& command, std::string& after, int& limit) {
  command.add_option("--after", after, "Start after this id (for the next page)");
  command.add_option("--limit", limit, "Rows at most (100)")->check(CLI::Range(1, 1000));
}

std::vector<std::string_view> command_groups() {
  std::vector<std::string_view> names;
  for (const auto& group : kGroups) names.emplace_back(group.name);
  return names;
}

int run_command(const std::vector<std::string>& arguments, const OpenWorkplace& open) {
  Action action;
  CLI::App app("Latchkey", "latchkey");
  app.require_subcommand(1);
  app.failure_message(explain_failure);
  app.footer("Settings such as --database count as well: latchkey --help.");
  for (const auto& group : kGroups) group.define(app, action, open);
  if (explain_unknown(app, arguments)) return 2;
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, std::cout, std::cerr);
    return code == 0 ? 0 : 2;
  }
  return action ? action() : 2;
}

}  // namespace server::admin

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
    {"client", define_client_commands},
    {"user", define_user_commands},
    {"logout", define_logout_commands},
    {"mail", define_mail_commands},
    {"brand", define_brand_commands},
};

// Better than what CLI11 says about a sub-command that is not there. True: said.
bool explain_unknown(const CLI::App& app, const std::vector<std::string>& arguments) {
  if (arguments.size() < 2 || arguments[1].starts_with("-")) return false;
  const auto* group = app.get_subcommand(arguments[0]);
  std::string known;
  for (const auto* command : group->get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == arguments[1]) return false;
    known += (known.empty() ? "" : ", ") + command->get_name();
  }
  std::cerr << "latchkey: latchkey " << arguments[0] << " knows: " << known << "; see latchkey "
            << arguments[0] << " --help.\n";
  return true;
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

oidc::Password read_password() {
  std::string line;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  return oidc::Password(std::move(line));
}

void add_paging(CLI::App& command, std::string& after, int& limit) {
  command.add_option("--after", after, "Start after this id (for the next page)");
  command.add_option("--limit", limit, "Rows at most")->check(CLI::Range(1, 1000));
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

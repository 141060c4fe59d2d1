// Owns: what the groups of commands share: printing, refusing, reading files and passwords. Each
// group is one file NAME_commands.cpp with one function that is named here and stands in the table
// of command_line.cpp.
#pragma once
#include <expected>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "oidc/base/secret.h"
#include "oidc/base/time.h"
#include "server/admin/command_line.h"

namespace CLI {
class App;
}

namespace server::admin {

// What a command does once its flags have been read. Returns the exit code.
using Action = std::function<int()>;

// Each adds its group to `app`. The callback of the command that was typed sets `action`; all three
// outlive it.
void define_client_commands(CLI::App& app, Action& action, const OpenWorkplace& open);
void define_user_commands(CLI::App& app, Action& action, const OpenWorkplace& open);
void define_logout_commands(CLI::App& app, Action& action, const OpenWorkplace& open);
void define_mail_commands(CLI::App& app, Action& action, const OpenWorkplace& open);
void define_brand_commands(CLI::App& app, Action& action, const OpenWorkplace& open);
// `client token …`, below the group `client`.
void define_token_commands(CLI::App& client, Action& action, const OpenWorkplace& open);

// The wall clock, in milliseconds.
oidc::TimePoint command_time();
store::Actor command_actor();
// Says the sentence on standard error; 1.
int refuse(const std::string& sentence);
// The same for a command that was not typed as it must be; 2.
int misuse(const std::string& sentence);
// The same for what is no failure. Standard output holds the result alone.
void remark(const std::string& sentence);
// Remarks on a list for people: that it is empty (`none`, a sentence), or may go on behind `last`,
// the value for --after; empty: there is no --after.
void remark_on_list(std::size_t rows, int limit, const std::string& none, const std::string& last);
// On standard output, indented.
void print(const nlohmann::json& value);
// "2026-01-31 09:05 UTC".
std::string write_time(oidc::TimePoint at);
// Error: one sentence.
std::expected<std::string, std::string> read_file(const std::string& path);
// One line of standard input, without its end. At a terminal it is asked for twice and not shown.
// Error: one sentence.
std::expected<oidc::Password, std::string> read_password();
void add_paging(CLI::App& command, std::string& after, int& limit);

}  // namespace server::admin

#include "server/app/run.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "server/admin/command_line.h"
#include "server/app/clock.h"
#include "server/app/dev.h"
#include "server/app/instance.h"
#include "server/app/keys_command.h"
#include "server/config/config.h"
#include "server/config/version.h"
#include "server/observe/event_id.h"
#include "server/observe/log.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

constexpr const char* kUsage = R"(Latchkey, an OpenID Connect provider

Usage: latchkey COMMAND [SETTINGS]

  dev        Try it: loopback only, a seeded person, a demo application
  serve      Run the server; needs at least --issuer
  client     add | set | list | show | verify | remove   applications (latchkey client add --help)
             token add | list | revoke   what lets others register them
  user       add | list | disable | enable | set-password | sign-out   people
  brand      set | show | remove | preview   how pages and mail look
  logout     list   what applications were told of sign-outs
  mail       list   what became of mail
             suppressed list | remove   addresses that get none any more
  keys       list   the signing keys and their states
             rotate [--alg A] [--now [--revoke-old]]   begin with new ones
  migrate    Bring the database to this version's schema and stop
  explain    ID   what happened in the failure with this event id
  doctor     Check settings, database and keys, and say what is wrong

  --print-config   the settings in force and where each comes from
  --check-config   check them and stop
  --print-docs     the reference of all settings (Markdown)
  --version, --help

All of client, user, brand, logout, mail, keys and explain take --json: then standard output is one
JSON value. Remarks and refusals go to standard error. Exit status: 0 done; 1 refused, or it did
not succeed; 2 the command or a setting is not typed as it must be.

Settings (flag, LATCHKEY_... environment variable, or latchkey.toml):

)";

int refuse(const std::string& sentence, int code = 1) {
  std::cerr << "latchkey: " << sentence << "\n";
  return code;
}

observe::LogLevel level_of(const std::string& name) {
  using observe::LogLevel;
  for (const auto level :
       {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    if (observe::to_string(level) == name) return level;
  }
  return LogLevel::info;
}

std::string credentials_directory() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment.
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder ? folder : "";
}

void configure_log(const config::Config& config) {
  observe::configure_log(level_of(config.log_level), config.log_format == "text"
                                                         ? observe::LogFormat::text
                                                         : observe::LogFormat::json);
}

int report_problems(const config::Config& config) {
  const auto problems = config::check(config, credentials_directory());
  for (const auto& problem : problems) refuse(problem);
  return problems.empty() ? 0 : 1;
}

int serve(const config::Config& config) {
  if (const int code = report_problems(config)) return code;
  configure_log(config);
  Instance instance({.config = config});
  std::string addresses;
  for (const auto& address : instance.addresses()) {
    addresses += (addresses.empty() ? "" : ", ") + address;
  }
  std::cerr << "latchkey: listening on " << addresses << ", issuer " << instance.issuer()
            << std::endl;
  instance.run_until_signal();
  return 0;
}

int migrate(const config::Config& config) {
  store::Store::open(store_options(config));
  std::cout << "The database is at this version's schema.\n";
  return 0;
}

int explain(const config::Config& config, const std::string& typed, bool json) {
  const auto id = observe::parse_event_id(typed);
  if (!id) return refuse("That is no event id; it looks like LK-0123-4567-89AB-CDEF.", 2);
  auto store = store::Store::open(store_options(config));
  auto row = runtime::run_blocking(store->find_failure(*id));
  if (!row) return refuse("The database does not answer: " + row.error().detail);
  if (!*row) {
    return refuse("Nothing is known of " + *id +
                  ": it is older than 14 days, of another server, or was one of too many.");
  }
  const auto& found = **row;
  const std::vector<std::pair<const char*, std::string>> facts = {
      {"event_id", found.id},         {"at", utc_text(found.at)},
      {"error", found.kind},          {"rule", found.rule},
      {"expected", found.expected},   {"received", found.received},
      {"client_id", found.client_id}, {"source", found.source},
      {"route", found.route},         {"status", std::to_string(found.status)}};
  nlohmann::ordered_json out;
  for (const auto& [name, value] : facts) {
    out[name] = value;
    if (!json && !value.empty()) std::cout << name << ": " << value << "\n";
  }
  if (json) std::cout << out.dump(2) << "\n";
  return 0;
}

int doctor(const config::Config& config) {
  int code = report_problems(config);
  std::cout << "settings: " << (code ? "see above" : "sound") << "\n";
  auto store = store::Store::open(store_options(config));
  std::cout << "database: " << store->backend() << ", at this version's schema\n";
  auto ring = open_key_ring(config, *store);
  if (!ring) return refuse(ring.error());
  std::cout << "keys: " << (*ring)->verification_keys()->size() << " published\n";
  return code;
}

// Seals the secret of a client that signs with it; the ring is opened only for such a client.
std::expected<std::string, std::string> seal_client_secret(const config::Config& config,
                                                           store::Store& store,
                                                           std::string_view client_id,
                                                           const oidc::ClientSecret& secret) {
  auto ring = open_key_ring(config, store);
  if (!ring) return std::unexpected(ring.error());
  return (*ring)->seal_client_secret(client_id, secret);
}

bool is_admin_command(std::string_view command) {
  const auto groups = admin::command_groups();
  return std::ranges::find(groups, command) != groups.end();
}

// These open the database only when their flags are sound.
int run_admin(const config::Loaded& loaded, const std::vector<std::string>& arguments) {
  return admin::run_command(arguments, [&](const std::function<int(admin::Workplace&)>& work) {
    const auto& config = loaded.config;
    auto store = store::Store::open(store_options(config));
    account::Passwords passwords(password_options(config));
    admin::Workplace place{*store,
                           passwords,
                           config.issuer,
                           features_of(config),
                           [&](std::string_view client_id, const oidc::ClientSecret& secret) {
                             return seal_client_secret(config, *store, client_id, secret);
                           },
                           config.service_name,
                           config.templates_dir};
    return work(place);
  });
}

bool take_flag(std::vector<std::string>& arguments, std::string_view flag) {
  return std::erase(arguments, flag) > 0;
}

// `client add` and `client set` have flags with the names of settings: there they are about that
// one application.
void give_back_client_flags(config::Arguments& arguments) {
  auto& rest = arguments.rest;
  const bool is_client = rest.size() >= 2 && rest[0] == "client";
  if (!is_client || (rest[1] != "add" && rest[1] != "set")) return;
  std::erase_if(arguments.settings, [&rest](const auto& setting) {
    const auto& [name, value] = setting;
    if (name == "login_method") {
      rest.insert(rest.begin() + 2, "--login-method=" + value);
    } else if (name == "self_signup") {
      rest.insert(rest.begin() + 2, "--self-signup=" + value);
    } else {
      return false;
    }
    return true;
  });
}

int run_command(const config::Loaded& loaded, std::vector<std::string> rest) {
  const std::string command = rest.front();
  if (is_admin_command(command)) return run_admin(loaded, rest);
  rest.erase(rest.begin());
  if (command == "keys") return run_keys_command(loaded.config, std::move(rest));
  const bool json = command == "explain" && take_flag(rest, "--json");
  const auto takes = [&rest](std::size_t count) { return rest.size() == count; };
  if (command == "serve" && takes(0)) return serve(loaded.config);
  if (command == "dev" && takes(0)) return run_dev(loaded);
  if (command == "migrate" && takes(0)) return migrate(loaded.config);
  if (command == "doctor" && takes(0)) return doctor(loaded.config);
  if (command == "explain" && takes(1)) return explain(loaded.config, rest[0], json);
  for (const auto& argument : rest) {
    if (argument.starts_with("-")) return refuse(config::unknown_argument(argument), 2);
  }
  if (command == "explain") return refuse("Give one event id: latchkey explain LK-....", 2);
  for (const std::string_view known : {"serve", "dev", "migrate", "doctor"}) {
    if (command == known) return refuse("latchkey " + command + " takes settings only.", 2);
  }
  return refuse("There is no such command: see latchkey --help.", 2);
}

}  // namespace

int run(int argc, char** argv) {
  block_signals();
  try {
    auto arguments = config::take_settings({argv + 1, argv + argc});
    if (!arguments) return refuse(arguments.error(), 2);
    give_back_client_flags(*arguments);
    auto& rest = arguments->rest;
    const bool has_command = !rest.empty() && !rest.front().starts_with("-");
    if (!has_command && take_flag(rest, "--version")) {
      std::cout << "latchkey " << config::kVersion << "\n";
      return 0;
    }
    const bool help = take_flag(rest, "--help") || take_flag(rest, "-h");
    if ((help && (!has_command || !is_admin_command(rest[0]))) || argc == 1) {
      std::cout << kUsage << config::help_text();
      return 0;
    }
    if (help) rest.push_back("--help");
    if (take_flag(rest, "--print-docs")) {
      std::cout << config::markdown();
      return 0;
    }
    auto loaded = config::load(
        {.flags = arguments->settings, .environment = config::environment_from(environ)});
    if (!loaded) return refuse(loaded.error(), 2);
    if (take_flag(rest, "--print-config")) {
      std::cout << config::print_config(*loaded);
      return 0;
    }
    if (take_flag(rest, "--check-config")) return report_problems(loaded->config);
    if (!has_command) {
      return refuse(rest.empty() ? "Which command? See latchkey --help."
                                 : config::unknown_argument(rest.front()),
                    2);
    }
    return run_command(*loaded, std::move(rest));
  } catch (const std::exception& error) {
    // The one place where an exception becomes a sentence: it is a broken surrounding, or a bug.
    return refuse(error.what());
  }
}

}  // namespace server::app

// `latchkey user …`.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "server/admin/command.h"
#include "server/admin/operations.h"
#include "server/runtime/run_blocking.h"

namespace server::admin {
namespace {

using runtime::run_blocking;

struct UserFlags {
  std::string email, name, claims_file, after;
  bool email_verified = false, password_stdin = false, json = false;
  int limit = 100;
};

int finish(const AdminResult<oidc::model::User>& user, bool json, std::string_view what) {
  if (!user) return refuse(user.error());
  if (json) {
    print(describe(*user));
  } else {
    std::cout << what << " " << user->primary_email() << " (" << user->id << ").\n";
  }
  return 0;
}

int add_person(const UserFlags& flags, const OpenWorkplace& open) {
  NewPerson person{.email = flags.email,
                   .name = flags.name,
                   .email_verified = flags.email_verified,
                   .claims_json = "",
                   .password = {}};
  if (!flags.claims_file.empty()) {
    auto text = read_file(flags.claims_file);
    if (!text) return refuse(text.error());
    person.claims_json = std::move(*text);
  }
  if (flags.password_stdin) {
    auto password = read_password();
    if (!password) return refuse(password.error());
    person.password = std::move(*password);
  }
  return open([&](Workplace& at) {
    return finish(run_blocking(add_user(at.store, at.passwords, std::move(person), command_actor(),
                                        command_time())),
                  flags.json, "Added");
  });
}

int change(const UserFlags& flags, UserChange what, std::string_view said,
           const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    return finish(
        run_blocking(change_user(at.store, flags.email, what, command_actor(), command_time())),
        flags.json, said);
  });
}

int change_password(const UserFlags& flags, const OpenWorkplace& open) {
  if (!flags.password_stdin) {
    return misuse("Give the new password on standard input, with --password-stdin.");
  }
  auto password = read_password();
  if (!password) return refuse(password.error());
  return open([&](Workplace& at) {
    return finish(run_blocking(set_password(at.store, at.passwords, flags.email,
                                            std::move(*password), command_actor(), command_time())),
                  flags.json, "Set the password of");
  });
}

int list_users(const UserFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto rows = run_blocking(at.store.list_users(flags.after, flags.limit));
    if (!rows) return refuse(say(rows.error()));
    auto out = nlohmann::json::array();
    for (const auto& user : *rows) {
      out.push_back(describe(user));
      if (!flags.json) {
        std::cout << user.id << "  " << user.primary_email()
                  << (user.is_active() ? "" : "  disabled") << "\n";
      }
    }
    if (flags.json) {
      print(out);
    } else {
      remark_on_list(rows->size(), flags.limit, "There are no people.",
                     rows->empty() ? "" : rows->back().id);
    }
    return 0;
  });
}

}  // namespace

void define_user_commands(CLI::App& app, Action& action, const OpenWorkplace& open) {
  // The callbacks keep it: they outlive this function.
  const auto kept = std::make_shared<UserFlags>();
  auto& flags = *kept;
  auto* user = app.add_subcommand("user", "Add and manage people");
  user->require_subcommand(1);
  auto* adding = user->add_subcommand("add", "Add a person");
  adding->add_option("--email", flags.email, "E-mail address, which is the sign-in name")
      ->required();
  adding->add_option("--name", flags.name, "Full name");
  adding->add_flag("--email-verified", flags.email_verified,
                   "The address is known to be theirs; some applications refuse others");
  adding->add_option("--claims", flags.claims_file, "File with standard claims (JSON)");
  adding->add_flag("--password-stdin", flags.password_stdin,
                   "Read the password from standard input; at a terminal, ask for it");
  adding->callback(
      [kept, &action, &open] { action = [kept, &open] { return add_person(*kept, open); }; });
  auto* listing = user->add_subcommand("list", "List people");
  add_paging(*listing, flags.after, flags.limit);
  listing->callback(
      [kept, &action, &open] { action = [kept, &open] { return list_users(*kept, open); }; });
  struct Change {
    const char* name;
    const char* help;
    UserChange change;
    const char* said;
  };
  static constexpr Change kChanges[] = {
      {"disable", "Disable a person and end everything of theirs", UserChange::disable, "Disabled"},
      {"enable", "Enable a person again", UserChange::enable, "Enabled"},
      {"sign-out", "End all sessions of a person", UserChange::sign_out, "Signed out"},
  };
  std::vector<CLI::App*> commands = {adding, listing};
  for (const auto& row : kChanges) {
    auto* command = user->add_subcommand(row.name, row.help);
    command->add_option("email", flags.email, "E-mail address")->required();
    command->callback([kept, &action, &open, row] {
      action = [kept, &open, row] { return change(*kept, row.change, row.said, open); };
    });
    commands.push_back(command);
  }
  auto* setting = user->add_subcommand("set-password", "Set a new password, ending all sessions");
  setting->add_option("email", flags.email, "E-mail address")->required();
  setting->add_flag("--password-stdin", flags.password_stdin,
                    "Read the password from standard input; at a terminal, ask for it");
  setting->callback(
      [kept, &action, &open] { action = [kept, &open] { return change_password(*kept, open); }; });
  commands.push_back(setting);
  for (auto* command : commands) command->add_flag("--json", flags.json, "Print JSON");
}

}  // namespace server::admin

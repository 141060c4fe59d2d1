#include "server/admin/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "oidc/base/text.h"
#include "server/admin/operations.h"
#include "server/admin/ready_configuration.h"
#include "server/runtime/run_blocking.h"

namespace server::admin {
namespace {

using runtime::run_blocking;
const store::Actor kOperator{"operator", ""};

oidc::TimePoint now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

int refuse(const std::string& sentence) {
  std::cerr << "latchkey: " << sentence << "\n";
  return 1;
}

void print(const nlohmann::json& value) {
  std::cout << value.dump(2) << "\n";
}

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected("The file " + path + " cannot be read.");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// One line, without its newline.
oidc::Password read_password() {
  std::string line;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  return oidc::Password(std::move(line));
}

struct ClientFlags {
  std::string name, scope, auth_method, pkce, metadata_file, product, base;
  std::vector<std::string> redirect_uris, post_logout_redirect_uris, grant_types;
  bool is_public = false, first_party = false, json = false;
  std::string client_id, after;
  int limit = 100;
};

std::expected<std::string, std::string> metadata_of(const ClientFlags& flags) {
  nlohmann::json metadata = nlohmann::json::object();
  if (!flags.metadata_file.empty()) {
    auto text = read_file(flags.metadata_file);
    if (!text) return std::unexpected(text.error());
    metadata = nlohmann::json::parse(*text, nullptr, false);
    if (!metadata.is_object()) return std::unexpected("The metadata file holds no JSON object.");
  }
  auto redirect_uris = flags.redirect_uris;
  if (!flags.product.empty()) {
    auto uri = ready_redirect_uri(flags.product, flags.base);
    if (!uri) {
      std::string names;
      for (const auto product : ready_products()) names += " " + std::string(product);
      return std::unexpected("--for knows:" + names + ".");
    }
    if (flags.base.empty() && redirect_uris.empty()) {
      return std::unexpected("--for needs --base, such as --base https://app.example.");
    }
    if (redirect_uris.empty()) redirect_uris.push_back(*uri);
  }
  const auto put = [&metadata](const char* name, const auto& value) {
    if (!value.empty()) metadata[name] = value;
  };
  put("client_name", flags.name);
  put("redirect_uris", redirect_uris);
  put("post_logout_redirect_uris", flags.post_logout_redirect_uris);
  put("scope", flags.scope);
  put("token_endpoint_auth_method", flags.auth_method);
  if (flags.is_public) metadata["token_endpoint_auth_method"] = "none";
  if (!flags.grant_types.empty()) {
    metadata["grant_types"] = flags.grant_types;
  } else if (!metadata.contains("grant_types")) {
    metadata["grant_types"] = {"authorization_code", "refresh_token"};
  }
  return metadata.dump();
}

int add(const ClientFlags& flags, const OpenWorkplace& open) {
  auto metadata = metadata_of(flags);
  if (!metadata) return refuse(metadata.error());
  if (!flags.pkce.empty() && flags.pkce != "optional" && flags.pkce != "required") {
    return refuse("--pkce may be required or optional.");
  }
  if (flags.pkce == "optional" && flags.is_public) {
    return refuse("A public client must use PKCE: leave --pkce optional out.");
  }
  return open([&](Workplace& at) {
    auto added = run_blocking(add_client(
        at.store, {*metadata, flags.first_party, flags.pkce != "optional"}, kOperator, now()));
    if (!added) return refuse(added.error());
    if (!flags.product.empty() && !flags.json) {
      std::cout << ready_configuration(flags.product, at.issuer, *added);
      return 0;
    }
    print(describe(added->client, &added->secret));
    if (!flags.json && !added->secret.empty()) {
      std::cerr << "The client_secret is shown this once: keep it now.\n";
    }
    return 0;
  });
}

int show(const ClientFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto client = run_blocking(at.store.find_client(flags.client_id, now()));
    if (!client) return refuse(say(client.error()));
    if (!*client) return refuse("There is no client " + flags.client_id + ".");
    print(describe(**client, nullptr));
    return 0;
  });
}

int list_clients(const ClientFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto rows = run_blocking(at.store.list_clients(flags.after, flags.limit));
    if (!rows) return refuse(say(rows.error()));
    auto out = nlohmann::json::array();
    for (const auto& client : *rows) {
      out.push_back(describe(client, nullptr));
      if (!flags.json) {
        std::cout << client.client_id << "  " << client.display_name()
                  << (client.is_public() ? "  public" : "") << "\n";
      }
    }
    if (flags.json) print(out);
    return 0;
  });
}

int remove(const ClientFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto done = run_blocking(at.store.remove_client(flags.client_id, kOperator, now()));
    if (!done) return refuse(say(done.error()));
    if (!*done) return refuse("There is no client " + flags.client_id + ".");
    std::cout << "Removed " << flags.client_id << "; its tokens and codes have ended.\n";
    return 0;
  });
}

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
    person.password = read_password();
    if (person.password.empty()) return refuse("No password came on standard input.");
  }
  return open([&](Workplace& at) {
    return finish(
        run_blocking(add_user(at.store, at.passwords, std::move(person), kOperator, now())),
        flags.json, "Added");
  });
}

int change(const UserFlags& flags, UserChange what, std::string_view said,
           const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    return finish(run_blocking(change_user(at.store, flags.email, what, kOperator, now())),
                  flags.json, said);
  });
}

int change_password(const UserFlags& flags, const OpenWorkplace& open) {
  if (!flags.password_stdin) {
    return refuse("Give the new password on standard input, with --password-stdin.");
  }
  auto password = read_password();
  return open([&](Workplace& at) {
    return finish(run_blocking(set_password(at.store, at.passwords, flags.email,
                                            std::move(password), kOperator, now())),
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
    if (flags.json) print(out);
    return 0;
  });
}

void add_listing(CLI::App* command, std::string& after, int& limit) {
  command->add_option("--after", after, "Start after this id (for the next page)");
  command->add_option("--limit", limit, "Rows at most")->check(CLI::Range(1, 1000));
}

using Action = std::function<int()>;

void define_client(CLI::App& app, ClientFlags& flags, Action& action, const OpenWorkplace& open) {
  auto* client = app.add_subcommand("client", "Register and manage applications");
  client->require_subcommand(1);
  auto* adding = client->add_subcommand("add", "Register an application (RFC 7591 metadata)");
  adding->add_option("--name", flags.name, "Name shown to people");
  adding->add_option("--redirect-uri", flags.redirect_uris, "Address to return to (repeatable)")
      ->expected(1)
      ->take_all();
  adding
      ->add_option("--post-logout-redirect-uri", flags.post_logout_redirect_uris,
                   "Address to return to after sign-out (repeatable)")
      ->expected(1)
      ->take_all();
  adding->add_flag("--public", flags.is_public, "No secret: single-page, mobile, desktop");
  adding->add_option("--grant-type", flags.grant_types, "authorization_code, refresh_token")
      ->expected(1)
      ->take_all();
  adding->add_option("--scope", flags.scope, "Scopes it may ask for, space-separated");
  adding->add_option("--token-endpoint-auth-method", flags.auth_method,
                     "client_secret_basic, client_secret_post or none");
  adding->add_option("--pkce", flags.pkce, "required (default) or optional");
  adding->add_flag("--first-party", flags.first_party, "Ours: people are not asked for consent");
  adding->add_option("--metadata", flags.metadata_file, "File with RFC 7591 metadata (JSON)");
  adding->add_option("--for", flags.product,
                     "Print that product's configuration: spring, authjs, grafana, oauth2-proxy, "
                     "mod_auth_openidc");
  adding->add_option("--base", flags.base, "With --for: the product's own address");
  adding->callback([&] { action = [&] { return add(flags, open); }; });
  auto* listing = client->add_subcommand("list", "List applications");
  add_listing(listing, flags.after, flags.limit);
  listing->callback([&] { action = [&] { return list_clients(flags, open); }; });
  auto* showing = client->add_subcommand("show", "Show one application");
  showing->add_option("client_id", flags.client_id)->required();
  showing->callback([&] { action = [&] { return show(flags, open); }; });
  auto* removing = client->add_subcommand("remove", "Remove one and end everything of theirs");
  removing->add_option("client_id", flags.client_id)->required();
  removing->callback([&] { action = [&] { return remove(flags, open); }; });
  for (auto* command : {adding, listing, showing}) {
    command->add_flag("--json", flags.json, "Print JSON");
  }
}

void define_user(CLI::App& app, UserFlags& flags, Action& action, const OpenWorkplace& open) {
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
                   "Read the password from standard input");
  adding->callback([&] { action = [&] { return add_person(flags, open); }; });
  auto* listing = user->add_subcommand("list", "List people");
  add_listing(listing, flags.after, flags.limit);
  listing->callback([&] { action = [&] { return list_users(flags, open); }; });
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
    command->add_option("email", flags.email)->required();
    command->callback(
        [&, row] { action = [&, row] { return change(flags, row.change, row.said, open); }; });
    commands.push_back(command);
  }
  auto* setting = user->add_subcommand("set-password", "Set a new password, ending all sessions");
  setting->add_option("email", flags.email)->required();
  setting->add_flag("--password-stdin", flags.password_stdin,
                    "Read the password from standard input");
  setting->callback([&] { action = [&] { return change_password(flags, open); }; });
  commands.push_back(setting);
  for (auto* command : commands) command->add_flag("--json", flags.json, "Print JSON");
}

}  // namespace

int run_command(const std::vector<std::string>& arguments, const OpenWorkplace& open) {
  CLI::App app("Latchkey", "latchkey");
  app.require_subcommand(1);
  ClientFlags client;
  UserFlags user;
  Action action;
  define_client(app, client, action, open);
  define_user(app, user, action, open);
  if (arguments.size() > 1 && !arguments[1].starts_with("-")) {
    const auto* group = app.get_subcommand(arguments[0]);
    std::string known;
    bool found = false;
    for (const auto* command : group->get_subcommands([](const CLI::App*) { return true; })) {
      known += (known.empty() ? "" : ", ") + command->get_name();
      found = found || command->get_name() == arguments[1];
    }
    if (!found) {
      std::cerr << "latchkey: latchkey " << arguments[0] << " knows: " << known << "; see latchkey "
                << arguments[0] << " --help.\n";
      return 2;
    }
  }
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

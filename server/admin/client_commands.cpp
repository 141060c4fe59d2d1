// `latchkey client add|set|list|show|verify|remove`.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "oidc/metadata/provider_metadata.h"
#include "server/admin/command.h"
#include "server/admin/operations.h"
#include "server/admin/ready_configuration.h"
#include "server/config/config.h"
#include "server/runtime/run_blocking.h"

namespace server::admin {
namespace {

using nlohmann::json;
using runtime::run_blocking;

// In place of a value: the rule of this application ends, the settings decide.
constexpr std::string_view kAsSettings = "default";

struct ClientFlags {
  std::string name, scope, auth_method, pkce, metadata_file, product, base;
  std::vector<std::string> redirect_uris, post_logout_redirect_uris, grant_types;
  bool is_public = false, first_party = false, json = false;
  std::string login_method, self_signup, required_acr;
  std::string client_id, after;
  int limit = 100;
};

std::expected<std::string, std::string> metadata_of(const ClientFlags& flags) {
  json metadata = json::object();
  if (!flags.metadata_file.empty()) {
    auto text = read_file(flags.metadata_file);
    if (!text) return std::unexpected(text.error());
    metadata = json::parse(*text, nullptr, false);
    if (!metadata.is_object()) return std::unexpected("The metadata file holds no JSON object.");
  }
  auto redirect_uris = flags.redirect_uris;
  if (const auto uri = ready_redirect_uri(flags.product, flags.base)) {
    redirect_uris.insert(redirect_uris.begin(), *uri);
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
  if (!flags.product.empty() &&
      metadata.value("token_endpoint_auth_method", json("client_secret_basic")) !=
          "client_secret_basic") {
    return std::unexpected(
        "--for prints a configuration with a client_secret for client_secret_basic: register "
        "without it for another method.");
  }
  if (!flags.grant_types.empty()) {
    metadata["grant_types"] = flags.grant_types;
  } else if (!metadata.contains("grant_types")) {
    metadata["grant_types"] = {"authorization_code", "refresh_token"};
  }
  return metadata.dump();
}

// `rules` with what was typed in its place.
SignInRules with_flags(SignInRules rules, const ClientFlags& flags) {
  const auto typed = [](const std::string& value) {
    return value == kAsSettings ? std::string() : value;
  };
  if (!flags.login_method.empty()) rules.login_method = typed(flags.login_method);
  if (!flags.required_acr.empty()) rules.required_acr = typed(flags.required_acr);
  if (flags.self_signup == kAsSettings) {
    rules.self_signup.reset();
  } else if (!flags.self_signup.empty()) {
    rules.self_signup = flags.self_signup == "true";
  }
  return rules;
}

// An application that is told another address than the server's own cannot sign anybody in.
std::expected<void, std::string> issuer_to_print(const Workplace& at) {
  if (at.issuer.empty()) {
    return std::unexpected(
        "--for prints the address of the server, which is not known here: give the server's own "
        "settings, or --issuer with the address that it says when it starts.");
  }
  if (auto sound = config::validate_issuer(at.issuer); !sound) {
    return std::unexpected(sound.error());
  }
  return {};
}

int add(const ClientFlags& flags, const OpenWorkplace& open) {
  auto metadata = metadata_of(flags);
  if (!metadata) return refuse(metadata.error());
  if (flags.pkce == "optional" && flags.is_public) {
    return misuse("A public client must use PKCE: leave --pkce optional out.");
  }
  return open([&](Workplace& at) {
    if (!flags.product.empty()) {
      if (auto issuer = issuer_to_print(at); !issuer) return refuse(issuer.error());
    }
    auto added = run_blocking(add_client(at.store,
                                         {.metadata_json = *metadata,
                                          .first_party = flags.first_party,
                                          .pkce_required = flags.pkce != "optional",
                                          .rules = with_flags({}, flags),
                                          .features = at.features,
                                          .seal_client_secret = at.seal_client_secret},
                                         command_actor(), command_time()));
    if (!added) return refuse(added.error());
    auto out = describe(added->client, &added->secret);
    if (!flags.product.empty()) {
      auto text = ready_configuration(flags.product, at.issuer, flags.base, *added);
      if (!flags.json) {
        std::cout << text;
        remark("Registered as " + added->client.client_id +
               "; the client_secret is shown this once.");
        return 0;
      }
      out["configuration"] = std::move(text);
    }
    print(out);
    if (!flags.json && !added->secret.empty()) {
      remark("The client_secret is shown this once: keep it now.");
    }
    return 0;
  });
}

int set_rules(const ClientFlags& flags, const OpenWorkplace& open) {
  if (flags.login_method.empty() && flags.self_signup.empty() && flags.required_acr.empty()) {
    return misuse("Say what to set: --login-method, --self-signup or --required-acr.");
  }
  return open([&](Workplace& at) {
    auto found = run_blocking(at.store.find_client(flags.client_id, command_time()));
    if (!found) return refuse(say(found.error()));
    if (!*found) return refuse("There is no client " + flags.client_id + ".");
    oidc::model::Client client = **found;
    auto rules = with_flags({client.login_method, client.self_signup, client.required_acr}, flags);
    client.login_method = std::move(rules.login_method);
    client.self_signup = rules.self_signup;
    client.required_acr = std::move(rules.required_acr);
    auto done = run_blocking(at.store.set_sign_in_rules(client, command_actor(), command_time()));
    if (!done) return refuse(say(done.error()));
    if (!*done) return refuse("There is no client " + flags.client_id + ".");
    print(describe(client, nullptr));
    return 0;
  });
}

int show(const ClientFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto client = run_blocking(at.store.find_client(flags.client_id, command_time()));
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
    auto out = json::array();
    for (const auto& client : *rows) {
      out.push_back(describe(client, nullptr));
      if (!flags.json) {
        std::cout << client.client_id << "  " << client.display_name()
                  << (client.is_public() ? "  public" : "")
                  << (client.quarantined ? "  unverified" : "") << "\n";
      }
    }
    if (flags.json) {
      print(out);
    } else {
      remark_on_list(rows->size(), flags.limit, "There are no applications.",
                     rows->empty() ? "" : rows->back().client_id);
    }
    return 0;
  });
}

int verify(const ClientFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto done =
        run_blocking(at.store.verify_client(flags.client_id, command_actor(), command_time()));
    if (!done) return refuse(say(done.error()));
    if (*done == store::VerifyOutcome::no_such_client) {
      return refuse("There is no client " + flags.client_id + ".");
    }
    const bool fresh = *done == store::VerifyOutcome::verified;
    if (flags.json) {
      print({{"client_id", flags.client_id}, {"verified", true}, {"changed", fresh}});
    } else if (fresh) {
      std::cout << "Verified " << flags.client_id
                << ". What it lost as unverified (refresh tokens, offline_access, request_uris) it "
                   "can register again.\n";
    } else {
      std::cout << flags.client_id << " was not unverified; nothing changed.\n";
    }
    return 0;
  });
}

int remove(const ClientFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto done =
        run_blocking(at.store.remove_client(flags.client_id, command_actor(), command_time()));
    if (!done) return refuse(say(done.error()));
    if (!*done) return refuse("There is no client " + flags.client_id + ".");
    if (flags.json) {
      print({{"client_id", flags.client_id}, {"removed", true}});
    } else {
      std::cout << "Removed " << flags.client_id << "; its tokens and codes have ended.\n";
    }
    return 0;
  });
}

void add_rule_flags(CLI::App& command, ClientFlags& flags) {
  command
      .add_option("--login-method", flags.login_method,
                  "How people sign in there; default: as in the settings")
      ->check(CLI::IsMember({"password", "magic_link", "password_or_magic_link", "default"}));
  command
      .add_option("--self-signup", flags.self_signup,
                  "Whether strangers may make an account there; default: as in the settings")
      ->check(CLI::IsMember({"true", "false", "default"}));
  command
      .add_option("--required-acr", flags.required_acr,
                  "The class below which nobody is signed in there; default: any")
      ->check(CLI::IsMember({std::string(oidc::metadata::kAcrPassword),
                             std::string(oidc::metadata::kAcrLink), std::string(kAsSettings)}));
}

}  // namespace

void define_client_commands(CLI::App& app, Action& action, const OpenWorkplace& open) {
  // The callbacks keep it: they outlive this function.
  const auto kept = std::make_shared<ClientFlags>();
  auto& flags = *kept;
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
  adding
      ->add_option("--grant-type", flags.grant_types, "authorization_code, refresh_token, implicit")
      ->expected(1)
      ->take_all();
  adding->add_option("--scope", flags.scope, "Scopes it may ask for, space-separated");
  adding->add_option("--token-endpoint-auth-method", flags.auth_method,
                     "client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt "
                     "or none");
  adding->add_option("--pkce", flags.pkce, "required (default) or optional")
      ->check(CLI::IsMember({"required", "optional"}));
  adding->add_flag("--first-party", flags.first_party, "Ours: people are not asked for consent");
  adding->add_option("--metadata", flags.metadata_file,
                     "File with metadata (JSON): every field of RFC 7591 and OpenID Connect "
                     "Registration that this server knows");
  auto* product =
      adding->add_option("--for", flags.product, "Print the configuration of that product as well")
          ->check(CLI::IsMember(ready_products()));
  auto* base = adding->add_option("--base", flags.base,
                                  "With --for: the product's own address, https://app.example");
  product->needs(base);
  base->needs(product);
  add_rule_flags(*adding, flags);
  adding->callback([kept, &action, &open] { action = [kept, &open] { return add(*kept, open); }; });
  auto* setting = client->add_subcommand("set", "Change how people sign in to one application");
  setting->add_option("client_id", flags.client_id, "As in the list")->required();
  add_rule_flags(*setting, flags);
  setting->callback(
      [kept, &action, &open] { action = [kept, &open] { return set_rules(*kept, open); }; });
  auto* listing = client->add_subcommand("list", "List applications");
  add_paging(*listing, flags.after, flags.limit);
  listing->callback(
      [kept, &action, &open] { action = [kept, &open] { return list_clients(*kept, open); }; });
  auto* showing = client->add_subcommand("show", "Show one application");
  showing->add_option("client_id", flags.client_id, "As in the list")->required();
  showing->callback(
      [kept, &action, &open] { action = [kept, &open] { return show(*kept, open); }; });
  auto* verifying = client->add_subcommand("verify", "Vouch for one that a stranger registered");
  verifying->add_option("client_id", flags.client_id, "As in the list")->required();
  verifying->callback(
      [kept, &action, &open] { action = [kept, &open] { return verify(*kept, open); }; });
  auto* removing = client->add_subcommand("remove", "Remove one and end everything of theirs");
  removing->add_option("client_id", flags.client_id, "As in the list")->required();
  removing->callback(
      [kept, &action, &open] { action = [kept, &open] { return remove(*kept, open); }; });
  define_token_commands(*client, action, open);
  for (auto* command : {adding, setting, listing, showing, verifying, removing}) {
    command->add_flag("--json", flags.json, "Print JSON");
  }
}

}  // namespace server::admin

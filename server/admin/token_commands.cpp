// `latchkey client token add|list|revoke`: the initial access tokens that let developers register
// applications at /register.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "oidc/base/text.h"
#include "server/admin/command.h"
#include "server/admin/operations.h"
#include "server/config/value.h"
#include "server/runtime/run_blocking.h"

namespace server::admin {
namespace {

using runtime::run_blocking;

struct TokenFlags {
  std::int64_t uses = 1;
  std::string lifetime = "7d", label, id, after;
  bool json = false;
  int limit = 100;
};

int add(const TokenFlags& flags, const OpenWorkplace& open) {
  const auto lifetime = config::parse_duration(flags.lifetime);
  if (!lifetime) return misuse("--lifetime must be a duration, such as 30m, 12h or 7d.");
  return open([&](Workplace& at) {
    const auto now = command_time();
    auto added = run_blocking(
        add_initial_access(at.store, {flags.uses, *lifetime, flags.label}, command_actor(), now));
    if (!added) return refuse(added.error());
    if (flags.json) {
      auto out = describe(added->token, now);
      out["initial_access_token"] = added->text.reveal();
      if (!at.issuer.empty()) out["registration_endpoint"] = at.issuer + "/register";
      print(out);
      return 0;
    }
    std::cout << added->text.reveal() << "\n";
    std::cerr << "Good for " << added->token.uses_total
              << (added->token.uses_total == 1 ? " registration" : " registrations") << " at "
              << at.issuer << "/register until " << write_time(added->token.expires_at)
              << "; shown this once. Its id is " << added->token.stored.row << ".\n";
    if (at.features.registration == oidc::metadata::Registration::closed) {
      std::cerr << "Registration is closed by the settings, so it is of no use at present.\n";
    }
    return 0;
  });
}

int list_tokens(const TokenFlags& flags, const OpenWorkplace& open) {
  const auto after = oidc::parse_unsigned(flags.after.empty() ? "0" : flags.after);
  if (!after) return misuse("--after must be the id of a token.");
  return open([&](Workplace& at) {
    auto rows = run_blocking(at.store.list_initial_access(*after, flags.limit));
    if (!rows) return refuse(say(rows.error()));
    const auto now = command_time();
    auto out = nlohmann::json::array();
    for (const auto& token : *rows) {
      out.push_back(describe(token, now));
      if (flags.json) continue;
      std::cout << token.stored.row << "  " << state_of(token, now) << "  " << token.uses_left
                << " of " << token.uses_total << " left  until " << write_time(token.expires_at)
                << (token.label.empty() ? "" : "  ") << token.label << "\n";
    }
    if (flags.json) {
      print(out);
    } else {
      remark_on_list(rows->size(), flags.limit, "There are no tokens.",
                     rows->empty() ? "" : std::to_string(rows->back().stored.row));
    }
    return 0;
  });
}

int revoke(const TokenFlags& flags, const OpenWorkplace& open) {
  const auto row = oidc::parse_unsigned(flags.id);
  if (!row) return misuse("The id of a token is a number: see latchkey client token list.");
  return open([&](Workplace& at) {
    auto done = run_blocking(at.store.revoke_initial_access(*row, command_actor(), command_time()));
    if (!done) return refuse(say(done.error()));
    if (!*done) return refuse("There is no token " + flags.id + ".");
    if (flags.json) {
      print({{"id", flags.id}, {"revoked", true}});
    } else {
      std::cout << "Revoked " << flags.id << "; applications that it registered stay.\n";
    }
    return 0;
  });
}

}  // namespace

void define_token_commands(CLI::App& client, Action& action, const OpenWorkplace& open) {
  // The callbacks keep it: they outlive this function.
  const auto kept = std::make_shared<TokenFlags>();
  auto& flags = *kept;
  auto* token = client.add_subcommand("token", "Let developers register applications themselves");
  token->require_subcommand(1);
  auto* adding = token->add_subcommand("add", "Make an initial access token (RFC 7591 section 3)");
  adding->add_option("--uses", flags.uses, "Registrations that it is good for (1)");
  adding->add_option("--lifetime", flags.lifetime, "How long it is good: 30m, 12h, 7d (7d)");
  adding->add_option("--label", flags.label, "What it is for, to be shown in the list");
  adding->add_flag("--json", flags.json, "Print JSON");
  adding->callback([kept, &action, &open] { action = [kept, &open] { return add(*kept, open); }; });
  auto* listing = token->add_subcommand("list", "List the tokens");
  add_paging(*listing, flags.after, flags.limit);
  listing->add_flag("--json", flags.json, "Print JSON");
  listing->callback(
      [kept, &action, &open] { action = [kept, &open] { return list_tokens(*kept, open); }; });
  auto* revoking = token->add_subcommand("revoke", "End a token");
  revoking->add_option("id", flags.id, "As in the list")->required();
  revoking->add_flag("--json", flags.json, "Print JSON");
  revoking->callback(
      [kept, &action, &open] { action = [kept, &open] { return revoke(*kept, open); }; });
}

}  // namespace server::admin

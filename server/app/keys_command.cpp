#include "server/app/keys_command.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "server/app/clock.h"
#include "server/app/instance.h"
#include "server/keys/key_ring.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

using keys::KeyState;
using keys::RotationKind;
using oidc::jose::Algorithm;

constexpr const char* kUsage =
    "latchkey keys knows: list [--json], rotate [--alg RS256|ES256|PS256|EdDSA] "
    "[--now [--revoke-old]] [--json].";

int refuse(const std::string& sentence, int code = 1) {
  std::cerr << "latchkey: " << sentence << "\n";
  return code;
}

bool take_flag(std::vector<std::string>& arguments, std::string_view flag) {
  return std::erase(arguments, flag) > 0;
}

// "--alg A" or "--alg=A". Nothing when it is not there.
std::optional<std::string> take_value(std::vector<std::string>& arguments, std::string_view flag) {
  const auto found = std::ranges::find_if(arguments, [flag](const std::string& argument) {
    return argument == flag || argument.starts_with(std::string(flag) + "=");
  });
  if (found == arguments.end()) return std::nullopt;
  std::string value;
  if (*found != flag) {
    value = found->substr(flag.size() + 1);
  } else if (found + 1 != arguments.end()) {
    value = *(found + 1);
    arguments.erase(found + 1);
  }
  arguments.erase(found);
  return value;
}

std::string until_text(const store::SigningKeyRow& row, KeyState state) {
  if (state == KeyState::withdrawn) return "never";
  return row.verifies_until ? utc_text(*row.verifies_until) : "-";
}

int list(const config::Config& config, bool json) {
  auto store = store::Store::open(store_options(config));
  const auto rows = runtime::run_blocking(store->list_signing_keys());
  if (!rows) return refuse("The keys cannot be read: " + rows.error().detail);
  const auto lives = keys::lives_at(*rows, clock_now(), key_times(config));
  auto out = nlohmann::json::array();
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto& row = (*rows)[i];
    const auto state = keys::to_string(lives[i].state);
    if (!json) {
      std::cout << row.kid << "  " << row.alg << "  " << state << "  from "
                << utc_text(row.signs_from) << "  until " << until_text(row, lives[i].state)
                << "\n";
    }
    nlohmann::json until;
    if (row.verifies_until) until = oidc::to_seconds(*row.verifies_until);
    out.push_back({{"kid", row.kid},
                   {"alg", row.alg},
                   {"state", state},
                   {"created_at", oidc::to_seconds(row.created_at)},
                   {"signs_from", oidc::to_seconds(row.signs_from)},
                   {"verifies_until", std::move(until)}});
  }
  if (json) std::cout << out.dump(2) << "\n";
  if (rows->empty() && !json) {
    std::cerr
        << "latchkey: There are no signing keys yet: the first start of the server makes them.\n";
  }
  return 0;
}

struct Rotate {
  std::vector<Algorithm> algorithms = keys::signing_algorithms();
  RotationKind kind = RotationKind::announced;
  bool json = false;
};

int rotate(const config::Config& config, const Rotate& command) {
  auto store = store::Store::open(store_options(config));
  auto ring = open_key_ring(config, *store);
  if (!ring) return refuse(ring.error());
  const auto now = clock_now();
  const auto plan =
      keys::plan_rotation(command.kind, config.jwks_cache,
                          std::max(config.access_token_lifetime, config.id_token_lifetime), now);
  const auto kids = runtime::run_blocking((*ring)->rotate(*store, command.algorithms, plan, now));
  if (!kids) return refuse(kids.error());
  auto out = nlohmann::json::array();
  for (std::size_t i = 0; i < kids->size(); ++i) {
    const auto alg = oidc::jose::to_string(command.algorithms[i]);
    if (!command.json) {
      std::cout << (*kids)[i] << "  " << alg << "  signs from " << utc_text(plan.signs_from)
                << "\n";
    }
    out.push_back({{"kid", (*kids)[i]},
                   {"alg", alg},
                   {"signs_from", oidc::to_seconds(plan.signs_from)},
                   {"old_verifies_until", oidc::to_seconds(plan.old_verifies_until)}});
  }
  if (command.json) std::cout << out.dump(2) << "\n";
  return 0;
}

}  // namespace

int run_keys_command(const config::Config& config, std::vector<std::string> arguments) {
  const bool json = take_flag(arguments, "--json");
  const std::string verb = arguments.empty() ? "" : arguments.front();
  if (!arguments.empty()) arguments.erase(arguments.begin());
  Rotate command{.json = json};
  if (verb == "rotate") {
    const bool at_once = take_flag(arguments, "--now");
    const bool revoke_old = take_flag(arguments, "--revoke-old");
    if (revoke_old && !at_once) {
      return refuse("--revoke-old needs --now: something has to sign at once.", 2);
    }
    command.kind = revoke_old ? RotationKind::withdraw
                              : (at_once ? RotationKind::at_once : RotationKind::announced);
    if (const auto name = take_value(arguments, "--alg")) {
      const auto algorithm = oidc::jose::parse_algorithm(*name);
      const auto known = keys::signing_algorithms();
      if (!algorithm || std::ranges::find(known, *algorithm) == known.end()) {
        return refuse("--alg is one of RS256, ES256, PS256, EdDSA.", 2);
      }
      command.algorithms = {*algorithm};
    }
  }
  for (const auto& argument : arguments) {
    if (argument.starts_with("-")) return refuse(config::unknown_argument(argument), 2);
  }
  if (verb == "list" && arguments.empty()) return list(config, json);
  if (verb == "rotate" && arguments.empty()) return rotate(config, command);
  return refuse(kUsage, 2);
}

}  // namespace server::app

// `latchkey logout list`: the ledger of back-channel logout.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "server/admin/command.h"
#include "server/admin/operations.h"
#include "server/runtime/run_blocking.h"

namespace server::admin {
namespace {

struct LogoutFlags {
  std::string state;
  bool json = false;
  int limit = 100;
};

nlohmann::json describe_delivery(const store::LogoutDelivery& delivery) {
  nlohmann::json out = {{"id", delivery.id},
                        {"client_id", delivery.client_id},
                        {"uri", delivery.uri},
                        {"sid", delivery.sid},
                        {"state", delivery.state},
                        {"attempts", delivery.attempts},
                        {"last_result", delivery.last_result},
                        {"created_at", oidc::to_seconds(delivery.created_at)}};
  if (delivery.finished_at) {
    out["finished_at"] = oidc::to_seconds(*delivery.finished_at);
  } else {
    out["next_attempt_at"] = oidc::to_seconds(delivery.next_attempt_at);
  }
  return out;
}

int list_deliveries(const LogoutFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto rows = runtime::run_blocking(at.store.list_logout_deliveries(flags.state, flags.limit));
    if (!rows) return refuse(say(rows.error()));
    auto out = nlohmann::json::array();
    for (const auto& delivery : *rows) {
      out.push_back(describe_delivery(delivery));
      if (flags.json) continue;
      std::cout << delivery.id << "  " << delivery.state << "  " << delivery.client_id << "  "
                << delivery.uri << "  queued " << write_time(delivery.created_at) << ", "
                << delivery.attempts << (delivery.attempts == 1 ? " attempt" : " attempts");
      if (!delivery.last_result.empty()) std::cout << ", " << delivery.last_result;
      if (!delivery.finished_at) {
        std::cout << ", next not before " << write_time(delivery.next_attempt_at);
      }
      std::cout << "\n";
    }
    if (flags.json) {
      print(out);
    } else {
      remark_on_list(rows->size(), flags.limit, "There are no such deliveries.", "");
    }
    return 0;
  });
}

}  // namespace

void define_logout_commands(CLI::App& app, Action& action, const OpenWorkplace& open) {
  // The callbacks keep it: they outlive this function.
  const auto kept = std::make_shared<LogoutFlags>();
  auto* logout = app.add_subcommand("logout", "See which applications were told of sign-outs");
  logout->require_subcommand(1);
  auto* listing =
      logout->add_subcommand("list", "List back-channel logout deliveries, newest first");
  listing->add_option("--state", kept->state, "Only queued, delivered or failed ones")
      ->check(CLI::IsMember({"queued", "delivered", "failed"}));
  listing->add_option("--limit", kept->limit, "Rows at most (100)")->check(CLI::Range(1, 1000));
  listing->add_flag("--json", kept->json, "Print JSON");
  listing->callback(
      [kept, &action, &open] { action = [kept, &open] { return list_deliveries(*kept, open); }; });
}

}  // namespace server::admin

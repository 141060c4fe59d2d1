// `latchkey mail`: the ledger of mail, and the addresses that get none any more.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "oidc/base/text.h"
#include "oidc/model/user.h"
#include "server/admin/command.h"
#include "server/admin/operations.h"
#include "server/runtime/run_blocking.h"

namespace server::admin {
namespace {

struct MailFlags {
  std::string state, address;
  std::string after;
  int limit = 100;
  bool json = false;
};

nlohmann::json describe_mail(const store::MailRow& row, bool suppressed) {
  // As text: it is larger than what every JSON reader takes as a number.
  nlohmann::json out = {{"id", std::to_string(row.id)},
                        {"kind", row.kind},
                        {"address", row.address_fold},
                        {"address_suppressed", suppressed},
                        {"state", row.state},
                        {"attempts", row.attempts},
                        {"last_result", oidc::to_description(row.last_result)},
                        {"created_at", oidc::to_seconds(row.created_at)},
                        {"not_after", oidc::to_seconds(row.not_after)}};
  if (row.finished_at) {
    out["finished_at"] = oidc::to_seconds(*row.finished_at);
  } else {
    out["next_attempt_at"] = oidc::to_seconds(row.next_attempt_at);
  }
  return out;
}

void print_mail(const store::MailRow& row, bool suppressed) {
  std::cout << row.id << "  " << row.state << "  " << row.kind << "  " << row.address_fold
            << "  queued " << write_time(row.created_at) << ", " << row.attempts
            << (row.attempts == 1 ? " attempt" : " attempts");
  if (!row.last_result.empty()) std::cout << ", " << oidc::to_description(row.last_result);
  if (row.state == "queued") {
    std::cout << ", next not before " << write_time(row.next_attempt_at);
  }
  if (suppressed) std::cout << ", address suppressed";
  std::cout << "\n";
}

// Of the addresses of `rows`, and of `asked` if it is not empty, those that get no mail now.
std::expected<std::set<std::string>, std::string> suppressed_among(
    Workplace& at, const std::vector<store::MailRow>& rows, const std::string& asked) {
  std::set<std::string> addresses;
  if (!asked.empty()) addresses.insert(asked);
  for (const auto& row : rows) addresses.insert(row.address_fold);
  for (auto address = addresses.begin(); address != addresses.end();) {
    auto found = runtime::run_blocking(at.store.is_suppressed(*address));
    if (!found) return std::unexpected(say(found.error()));
    address = *found ? std::next(address) : addresses.erase(address);
  }
  return addresses;
}

void remark_on_suppressed(const std::string& address) {
  remark(address +
         " is suppressed and gets no mail; to lift that: latchkey mail suppressed remove " +
         address);
}

int list_mail(const MailFlags& flags, const OpenWorkplace& open) {
  std::string fold;
  if (!flags.address.empty()) {
    const auto folded = oidc::model::fold_email(flags.address);
    if (!folded) return misuse("That is no e-mail address.");
    fold = *folded;
  }
  return open([&](Workplace& at) {
    auto rows = runtime::run_blocking(at.store.list_mail(flags.state, fold, flags.limit));
    if (!rows) return refuse(say(rows.error()));
    auto suppressed = suppressed_among(at, *rows, fold);
    if (!suppressed) return refuse(suppressed.error());
    auto out = nlohmann::json::array();
    for (const auto& row : *rows) {
      if (flags.json) {
        out.push_back(describe_mail(row, suppressed->contains(row.address_fold)));
      } else {
        print_mail(row, suppressed->contains(row.address_fold));
      }
    }
    if (flags.json) {
      print(out);
      return 0;
    }
    remark_on_list(rows->size(), flags.limit, "There is no such mail.", "");
    for (const auto& address : *suppressed) remark_on_suppressed(address);
    return 0;
  });
}

int list_suppressed(const MailFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto rows = runtime::run_blocking(at.store.list_suppressions(flags.after, flags.limit));
    if (!rows) return refuse(say(rows.error()));
    auto out = nlohmann::json::array();
    for (const auto& row : *rows) {
      if (flags.json) {
        out.push_back({{"address", row.address_fold},
                       {"reason", oidc::to_description(row.reason)},
                       {"created_at", oidc::to_seconds(row.created_at)}});
      } else {
        std::cout << row.address_fold << "  since " << write_time(row.created_at) << "  "
                  << oidc::to_description(row.reason) << "\n";
      }
    }
    if (flags.json) {
      print(out);
    } else {
      remark_on_list(rows->size(), flags.limit, "No address is suppressed.",
                     rows->empty() ? "" : rows->back().address_fold);
    }
    return 0;
  });
}

int remove_suppressed(const MailFlags& flags, const OpenWorkplace& open) {
  const auto fold = oidc::model::fold_email(flags.address);
  if (!fold) return misuse("That is no e-mail address.");
  return open([&](Workplace& at) {
    auto removed =
        runtime::run_blocking(at.store.remove_suppression(*fold, command_actor(), command_time()));
    if (!removed) return refuse(say(removed.error()));
    if (!*removed) return refuse(*fold + " is not suppressed.");
    if (flags.json) {
      print({{"address", *fold}, {"removed", true}});
    } else {
      std::cout << *fold << " gets mail again.\n";
    }
    return 0;
  });
}

}  // namespace

void define_mail_commands(CLI::App& app, Action& action, const OpenWorkplace& open) {
  // The callbacks keep it: they outlive this function.
  const auto kept = std::make_shared<MailFlags>();
  using Run = int (*)(const MailFlags&, const OpenWorkplace&);
  const auto runs = [&action, &open, kept](CLI::App* command, Run run) {
    command->add_flag("--json", kept->json, "Print JSON");
    command->callback(
        [kept, run, &action, &open] { action = [kept, run, &open] { return run(*kept, open); }; });
  };
  auto* mail = app.add_subcommand("mail", "See what became of mail");
  mail->require_subcommand(1);
  auto* listing = mail->add_subcommand("list", "List mail, newest first");
  listing->add_option("--state", kept->state, "Only mail of this state")
      ->check(CLI::IsMember(
          {"queued", "accepted", "bounced", "failed", "expired", "suppressed", "decoy"}));
  listing->add_option("--address", kept->address, "Only mail to this address");
  listing->add_option("--limit", kept->limit, "Rows at most (100)")->check(CLI::Range(1, 1000));
  runs(listing, list_mail);
  auto* suppressed =
      mail->add_subcommand("suppressed", "Addresses that were refused for good and get no mail");
  suppressed->require_subcommand(1);
  auto* all = suppressed->add_subcommand("list", "List them");
  add_paging(*all, kept->after, kept->limit);
  runs(all, list_suppressed);
  auto* removal = suppressed->add_subcommand("remove", "Let an address get mail again");
  removal->add_option("address", kept->address, "The address")->required();
  runs(removal, remove_suppressed);
}

}  // namespace server::admin

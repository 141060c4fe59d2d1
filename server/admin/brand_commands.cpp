// `latchkey brand set|show|remove|preview`: how pages and mail look, for one application or for all
// that have no record of their own.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "oidc/model/branding.h"
#include "server/admin/brand_preview.h"
#include "server/admin/command.h"
#include "server/admin/operations.h"
#include "server/page/look.h"
#include "server/provider/brand_files.h"
#include "server/runtime/run_blocking.h"

namespace server::admin {
namespace {

using oidc::model::Branding;
using runtime::run_blocking;

constexpr std::uintmax_t kMostLogo = 256 * 1024;

struct TextField {
  const char* flag;
  const char* name;  // in records, and in what check_branding() says
  std::string Branding::* member;
  const char* help;
};
constexpr TextField kFields[] = {
    {"--name", "name", &Branding::name, "Name at the top of pages and in mail"},
    {"--color", "primary_color", &Branding::primary_color, "Colour of buttons, such as #1a5fb4"},
    {"--from-name", "email_from_name", &Branding::email_from_name, "Name of the sender of mail"},
    {"--reply-to", "reply_to_email", &Branding::reply_to_email, "Where answers to mail go"},
    {"--support-email", "support_email", &Branding::support_email,
     "Address for help, at the foot of pages and mail"},
    {"--support-url", "support_url", &Branding::support_url,
     "Page for help (https), at the foot of pages and mail"},
};

struct BrandFlags {
  std::string client_id;  // empty: the default record
  std::vector<std::pair<const TextField*, std::string>> typed;
  std::optional<std::string> logo_file;  // empty text: no logo any more
  std::string folder, language = "en";
  bool json = false;
};

std::string whose(const std::string& client_id) {
  return client_id.empty() ? "the default record" : "the record of " + client_id;
}

nlohmann::json describe_brand(const std::string& client_id, const Branding& branding) {
  nlohmann::json out = nlohmann::json::object();
  if (!client_id.empty()) out["client_id"] = client_id;
  for (const auto& field : kFields) {
    if (!(branding.*field.member).empty()) out[field.name] = branding.*field.member;
  }
  if (!branding.logo.empty()) {
    out["logo"] = {{"type", branding.logo_type}, {"bytes", branding.logo.size()}};
  }
  return out;
}

// "primary_color is not …" as a sentence about the flag that was typed.
std::string say_refusal(const std::string& description) {
  if (description.starts_with("logo ")) return "The " + description + ".";
  for (const auto& field : kFields) {
    const std::string start = std::string(field.name) + " ";
    if (description.starts_with(start)) {
      return std::string(field.flag) + " " + description.substr(start.size()) + ".";
    }
  }
  return description + ".";
}

std::expected<void, std::string> put_logo(Branding& branding, const std::string& file) {
  branding.logo.clear();
  branding.logo_type.clear();
  if (file.empty()) return {};
  std::error_code failure;
  const auto size = std::filesystem::file_size(file, failure);
  if (failure) return std::unexpected("The file " + file + " cannot be read.");
  if (size == 0) return std::unexpected("The file " + file + " is empty.");
  if (size > kMostLogo) return std::unexpected("The logo is larger than 256 KB.");
  auto bytes = read_file(file);
  if (!bytes) return std::unexpected(bytes.error());
  branding.logo = std::move(*bytes);
  // By its first bytes, whatever the file is called; which they are, check_branding() knows.
  for (const auto& type : provider::kPictureTypes) {
    branding.logo_type = type.media_type;
    const Branding alone{.logo_type = branding.logo_type, .logo = branding.logo};
    if (oidc::model::check_branding(alone)) break;
  }
  return {};
}

// Error: one sentence. Null: there is no record of exactly this one.
std::expected<std::shared_ptr<const Branding>, std::string> find_record(
    Workplace& at, const std::string& client_id) {
  if (!client_id.empty()) {
    auto client = run_blocking(at.store.find_client(client_id, command_time()));
    if (!client) return std::unexpected(say(client.error()));
    if (!*client) return std::unexpected("There is no client " + client_id + ".");
  }
  auto record = run_blocking(at.store.find_branding(client_id));
  if (!record) return std::unexpected(say(record.error()));
  return std::move(*record);
}

int set_brand(const BrandFlags& flags, const OpenWorkplace& open) {
  if (flags.typed.empty() && !flags.logo_file) {
    return misuse("Say what to set, such as --name or --color; see latchkey brand set --help.");
  }
  return open([&](Workplace& at) {
    auto found = find_record(at, flags.client_id);
    if (!found) return refuse(found.error());
    Branding branding = *found ? **found : Branding();
    for (const auto& [field, value] : flags.typed) branding.*field->member = value;
    if (flags.logo_file) {
      if (auto done = put_logo(branding, *flags.logo_file); !done) return refuse(done.error());
    }
    if (auto sound = oidc::model::check_branding(branding); !sound) {
      return refuse(say_refusal(sound.error().description));
    }
    auto done = run_blocking(
        at.store.set_branding(flags.client_id, branding, command_actor(), command_time()));
    if (!done) return refuse(say(done.error()));
    print(describe_brand(flags.client_id, branding));
    return 0;
  });
}

int show_brand(const BrandFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto found = find_record(at, flags.client_id);
    if (!found) return refuse(found.error());
    if (!*found) {
      return refuse(flags.client_id.empty()
                        ? "There is no default record: pages and mail have our own looks."
                        : "There is no record of " + flags.client_id +
                              " itself: the default record counts there.");
    }
    print(describe_brand(flags.client_id, **found));
    return 0;
  });
}

int remove_brand(const BrandFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    auto removed =
        run_blocking(at.store.remove_branding(flags.client_id, command_actor(), command_time()));
    if (!removed) return refuse(say(removed.error()));
    if (!*removed) return refuse("There is no such record: " + whose(flags.client_id) + ".");
    if (flags.json) {
      print({{"client_id", flags.client_id}, {"removed", true}});
    } else {
      std::cout << "Removed " << whose(flags.client_id) << ".\n";
    }
    return 0;
  });
}

int preview_brand(const BrandFlags& flags, const OpenWorkplace& open) {
  return open([&](Workplace& at) {
    PreviewOrder order{.owner = flags.client_id,
                       .application_name = at.service_name,
                       .service_name = at.service_name,
                       .language = flags.language,
                       .templates_dir = at.templates_dir,
                       .folder = flags.folder};
    auto found = find_record(at, order.owner);
    if (!found) return refuse(found.error());
    if (!order.owner.empty()) {
      auto client = run_blocking(at.store.find_client(order.owner, command_time()));
      if (!client) return refuse(say(client.error()));
      if (*client) order.application_name = (*client)->display_name();
    }
    if (!*found && !order.owner.empty()) {
      order.owner.clear();
      found = find_record(at, order.owner);
      if (!found) return refuse(found.error());
    }
    if (*found) order.branding = **found;
    auto names = write_preview(order);
    if (!names) return refuse(names.error());
    if (flags.json) {
      print({{"folder", flags.folder}, {"files", *names}});
    } else {
      for (const auto& name : *names) {
        std::cout << (std::filesystem::path(flags.folder) / name).string() << "\n";
      }
    }
    return 0;
  });
}

}  // namespace

void define_brand_commands(CLI::App& app, Action& action, const OpenWorkplace& open) {
  // The callbacks keep it: they outlive this function.
  const auto kept = std::make_shared<BrandFlags>();
  using Run = int (*)(const BrandFlags&, const OpenWorkplace&);
  auto* brand = app.add_subcommand("brand", "How pages and mail look");
  brand->require_subcommand(1);
  const auto define = [&](const char* name, const char* help, Run run) {
    auto* command = brand->add_subcommand(name, help);
    command->add_option("--client", kept->client_id,
                        "The application; without it: the default record");
    command->add_flag("--json", kept->json, "Print JSON");
    command->callback(
        [kept, run, &action, &open] { action = [kept, run, &open] { return run(*kept, open); }; });
    return command;
  };
  auto* setting = define("set", "Change a record; an empty value takes one out", set_brand);
  for (const auto& field : kFields) {
    setting->add_option_function<std::string>(
        field.flag,
        [kept, &field](const std::string& value) { kept->typed.emplace_back(&field, value); },
        field.help);
  }
  setting->add_option_function<std::string>(
      "--logo", [kept](const std::string& file) { kept->logo_file = file; },
      "File with a PNG, JPEG, GIF or WebP picture of at most 256 KB");
  define("show", "Show a record", show_brand);
  define("remove", "Remove a record", remove_brand);
  auto* preview = define("preview", "Write the main pages and mails to look at", preview_brand);
  preview->add_option("--dir", kept->folder, "The folder to write to")->required();
  preview->add_option("--language", kept->language, "The language to show them in")
      ->check(CLI::IsMember(page::languages()));
}

}  // namespace server::admin

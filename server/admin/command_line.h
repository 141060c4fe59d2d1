// Owns: the commands `client …`, `user …`, `logout …`, `mail …` and `brand …`: finding the one that
// was typed and running it.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/metadata/features.h"
#include "server/account/passwords.h"
#include "server/admin/operations.h"
#include "server/config/config.h"
#include "server/store/store.h"

namespace server::admin {

// What the commands work on; opened when a command has been read without a mistake.
struct Workplace {
  store::Store& store;
  account::Passwords& passwords;
  std::string issuer;
  oidc::metadata::Features features{};  // what the settings allow, as for dynamic registration
  // Opens the key ring when it is called; without it no client_secret_jwt client can be added.
  SealClientSecret seal_client_secret{};
  // For the previews of pages and mail.
  std::string service_name{};
  std::filesystem::path templates_dir{};
};
using OpenWorkplace = std::function<int(const std::function<int(Workplace&)>& work)>;

// The first words that run_command() knows, such as "client" and "user".
std::vector<std::string_view> command_groups();

// `arguments` starts with one of command_groups(). Returns the exit code: 0, 1 for a refusal, 2 for
// usage.
int run_command(const std::vector<std::string>& arguments, const OpenWorkplace& open);

}  // namespace server::admin

// Owns: the commands `client …` and `user …`: reading their flags, running one operation, printing.
#pragma once
#include <string>
#include <vector>

#include "server/account/passwords.h"
#include "server/config/config.h"
#include "server/store/store.h"

namespace server::admin {

// What the commands work on; opened when a command has been read without a mistake.
struct Workplace {
  store::Store& store;
  account::Passwords& passwords;
  std::string issuer;
};
using OpenWorkplace = std::function<int(const std::function<int(Workplace&)>& work)>;

// `arguments` starts with "client" or "user". Returns the exit code: 0, 1 for a refusal, 2 for
// usage.
int run_command(const std::vector<std::string>& arguments, const OpenWorkplace& open);

}  // namespace server::admin

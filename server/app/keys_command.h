// Owns: the commands `keys list` and `keys rotate`.
#pragma once
#include <string>
#include <vector>

#include "server/config/config.h"

namespace server::app {

// `arguments` is what follows "keys". Returns the exit code: 0, 1 for a refusal, 2 for usage.
int run_keys_command(const config::Config& config, std::vector<std::string> arguments);

}  // namespace server::app

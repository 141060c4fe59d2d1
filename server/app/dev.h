// Owns: `latchkey dev`: loopback only, a throwaway data directory unless one is given, a seeded
// person and the demo application.
#pragma once
#include "server/config/config.h"

namespace server::app {
// Returns the exit code.
int run_dev(config::Loaded loaded);
}  // namespace server::app

// Owns: the answers of the HTTP layer itself (no such path, wrong method, too large, too slow) and
// of exceptions: a page for browsers, in the looks of the default record as it was read last, and
// JSON for programs.
#pragma once
#include "server/http/server.h"
#include "server/provider/provider.h"

namespace server::app {
// Not for I/O threads: it waits for the database once.
http::ErrorPage make_error_answer(const provider::Provider& provider);
}  // namespace server::app

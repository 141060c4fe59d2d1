// Owns: the answers of the HTTP layer itself (no such path, wrong method, too large, too slow) and
// of exceptions: a page for browsers, JSON for programs.
#pragma once
#include "server/http/server.h"
#include "server/provider/provider.h"

namespace server::app {
http::ErrorPage make_error_answer(const provider::Provider& provider);
}  // namespace server::app

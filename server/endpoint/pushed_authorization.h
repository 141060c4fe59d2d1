// Owns: the pushed authorization request endpoint, POST /par (RFC 9126): what /authorize would
// check is checked here, with the client authenticated, and kept for a short time.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {

runtime::Task<http::Response> post_par(const provider::Provider& provider, http::Request request);

}  // namespace server::endpoint

// Owns: GET /logo/CLIENT_ID, an application's logo for the pages that name it.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {
runtime::Task<http::Response> get_logo(const provider::Provider& provider, http::Request request);
}  // namespace server::endpoint

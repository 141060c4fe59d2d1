// Owns: GET /brand/NAME.HASH.EXT, the colours and the logo of a branding record.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {
runtime::Task<http::Response> get_brand(const provider::Provider& provider, http::Request request);
}  // namespace server::endpoint

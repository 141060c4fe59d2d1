// Owns: the UserInfo endpoint, GET and POST /userinfo (OpenID Connect Core §5.3).
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {
runtime::Task<http::Response> userinfo(const provider::Provider& provider, http::Request request);
}  // namespace server::endpoint

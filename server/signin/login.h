// Owns: the sign-in page: GET and POST /login.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {
runtime::Task<http::Response> get_login(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> post_login(const provider::Provider& provider, http::Request request);
}  // namespace server::signin

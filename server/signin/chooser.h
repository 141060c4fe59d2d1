// Owns: choosing among the accounts that are signed in in this browser: GET and POST /choose,
// behind prompt=select_account (OpenID Connect Core §3.1.2.1) and "use another account".
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {
runtime::Task<http::Response> get_choose(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> post_choose(const provider::Provider& provider,
                                          http::Request request);
}  // namespace server::signin

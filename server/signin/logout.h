// Owns: RP-initiated logout: GET and POST /logout (OpenID Connect RP-Initiated Logout 1.0 §2 and
// §3). What the applications are told of it: front_channel.h, and provider/back_channel.h.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {
runtime::Task<http::Response> get_logout(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> post_logout(const provider::Provider& provider,
                                          http::Request request);
}  // namespace server::signin

// Owns: the authorization endpoint, GET and POST /authorize (RFC 6749 §3.1, OpenID Connect Core
// §3.1.2). It starts a flow; the steps are in server/signin.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {
runtime::Task<http::Response> get_authorize(const provider::Provider& provider,
                                            http::Request request);
runtime::Task<http::Response> post_authorize(const provider::Provider& provider,
                                             http::Request request);
}  // namespace server::endpoint

// Owns: what anybody may read: discovery (OpenID Connect Discovery §4, RFC 8414 §3), the JWKS
// (RFC 7517 §5), health, the home page.
#pragma once
#include <functional>

#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {
// Made once at the start: nothing in it changes while the program runs.
http::Response discovery_document(const provider::Provider& provider);
http::Response health_document();
// The keys as they are now.
runtime::Task<http::Response> get_jwks(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> get_livez();
// 503 while the server drains or the database does not answer.
runtime::Task<http::Response> get_readyz(const provider::Provider& provider,
                                         const std::function<bool()>& draining);
}  // namespace server::endpoint

// Owns: token introspection, POST /introspect (RFC 7662). A confidential client learns about its
// own tokens; of all others it learns only that they are not active.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {
runtime::Task<http::Response> post_introspect(const provider::Provider& provider,
                                              http::Request request);
}  // namespace server::endpoint

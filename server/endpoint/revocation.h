// Owns: token revocation, POST /revoke (RFC 7009). A refresh token ends its family and access
// tokens; an access token ends alone.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {
runtime::Task<http::Response> post_revoke(const provider::Provider& provider,
                                          http::Request request);
}  // namespace server::endpoint

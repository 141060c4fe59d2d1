// Owns: the consent page: GET and POST /consent. OpenID Connect Core §3.1.2.4.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {
runtime::Task<http::Response> get_consent(const provider::Provider& provider,
                                          http::Request request);
runtime::Task<http::Response> post_consent(const provider::Provider& provider,
                                           http::Request request);
}  // namespace server::signin

// Owns: the one route table.
#pragma once
#include <functional>

#include "server/http/router.h"
#include "server/provider/provider.h"

namespace server::endpoint {

// `provider` and `draining` outlive the router.
http::Router make_router(const provider::Provider& provider, std::function<bool()> draining,
                         bool dev);
// Which origins may read /token, /userinfo and /revoke: those of registered redirect URIs.
http::CorsOrigins make_cors_origins(const provider::Provider& provider);

}  // namespace server::endpoint

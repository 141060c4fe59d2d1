// Owns: the one route table.
#pragma once
#include <functional>

#include "server/http/router.h"
#include "server/provider/provider.h"

namespace server::endpoint {

// `provider` outlives the router. `home` is what GET / shows.
http::Router make_router(const provider::Provider& provider, std::function<bool()> draining,
                         const page::HomeView& home);
// Which origins may read /token, /userinfo and /revoke: those of registered redirect URIs.
http::CorsOrigins make_cors_origins(const provider::Provider& provider);

}  // namespace server::endpoint

// Owns: reading a bearer token from a request (RFC 6750 §2) and finding what it stands for.
#pragma once
#include <expected>
#include <optional>
#include <string>

#include "oidc/base/result.h"
#include "oidc/token/claims.h"
#include "server/http/message.h"
#include "server/provider/provider.h"
#include "server/store/store.h"

namespace server::endpoint {

// Header or form body, exactly one of them; never the query (RFC 9700 §4.3.2). Nothing when none
// came. Error: invalid_request for two.
oidc::Result<std::optional<std::string>> read_bearer(const http::Request& request);

struct LiveAccess {
  oidc::token::AccessToken token;
  store::AccessRecord record;
};
// Verified, not expired, not revoked, its grant and person alive. Error: invalid_token.
runtime::Task<oidc::Result<LiveAccess>> find_access(const provider::Provider& provider,
                                                    std::string text);

}  // namespace server::endpoint

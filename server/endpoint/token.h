// Owns: the token endpoint, POST /token (RFC 6749 §3.2). Each grant is one file grant_*.cpp; all
// pass oidc::grant::issue_tokens.
#pragma once
#include "oidc/grant/issue_tokens.h"
#include "server/endpoint/client_authentication.h"
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {

runtime::Task<http::Response> post_token(const provider::Provider& provider, http::Request request);

// What a grant hands back: the tokens and the refresh token's text, which may be empty.
struct GrantAnswer {
  oidc::grant::IssuedTokens tokens;
  std::string refresh_token;
};
using GrantResult = oidc::Result<GrantAnswer>;

runtime::Task<GrantResult> grant_authorization_code(const provider::Provider& provider,
                                                    const http::Request& request,
                                                    const ClientRequest& authenticated);
runtime::Task<GrantResult> grant_refresh_token(const provider::Provider& provider,
                                               const http::Request& request,
                                               const ClientRequest& authenticated);

}  // namespace server::endpoint

// Owns: which addresses of applications a browser opens when sessions in it have ended (OpenID
// Connect Front-Channel Logout 1.0 §2 and §3). The page is server/page's.
#pragma once
#include <string>
#include <vector>

#include "oidc/model/client.h"
#include "server/page/page.h"
#include "server/provider/provider.h"

namespace server::signin {

// The client's frontchannel_logout_uri, with `iss` and `sid` in its query when it asked for them;
// empty when it has none.
std::string front_channel_uri(const oidc::model::Client& client, const std::string& issuer,
                              const std::string& sid);

// Those of all applications that the sessions served, each once, at most fifty. One that cannot be
// read is left out: the sessions have ended whatever the applications are told.
runtime::Task<std::vector<page::LogoutFrame>> front_channel_frames(
    const provider::Provider& provider, std::vector<store::EndedSessionClient> ended);

}  // namespace server::signin

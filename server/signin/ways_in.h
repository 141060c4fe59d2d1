// Owns: which ways of signing in a client's rules and the settings offer. What a single request
// demands beyond that is oidc/interaction/acr.h.
#pragma once
#include "oidc/model/client.h"
#include "server/provider/provider.h"

namespace server::signin {

// Mail is set up.
bool has_mail(const provider::Provider& provider);
// Whether mail is set up and this client's rules offer the way in. Without mail the password is
// offered whatever the rules say, so that nobody stands before a page without a way on.
bool offers_magic_link(const provider::Provider& provider, const oidc::model::Client& client);
bool offers_password(const provider::Provider& provider, const oidc::model::Client& client);
bool offers_signup(const provider::Provider& provider, const oidc::model::Client& client);

}  // namespace server::signin

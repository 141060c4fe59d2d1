// Owns: the end of a change of address: its challenge was answered, and the address of whoever
// asked becomes the proved one. Asking for it is a page of server/console.
#pragma once
#include "oidc/model/email_challenge.h"
#include "server/http/message.h"
#include "server/provider/provider.h"
#include "server/signin/flow.h"

namespace server::signin {

// Done only while this browser is still signed in as the one who asked. Leads to /account/security.
runtime::Task<http::Response> finish_email_change(const provider::Provider& provider,
                                                  const http::Request& request, Flow flow,
                                                  const oidc::model::EmailChallenge& challenge,
                                                  std::string route);

}  // namespace server::signin

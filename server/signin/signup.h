// Owns: making an account oneself: GET and POST /signup ask for a mail to the address; the account
// is made when its link or code was used (link_wait.h calls finish_sign_up()), and its person is
// signed in by it. Who has an account gets the same answers here, and a mail that says so.
#pragma once
#include "oidc/model/email_challenge.h"
#include "server/http/message.h"
#include "server/provider/provider.h"
#include "server/signin/flow.h"

namespace server::signin {
runtime::Task<http::Response> get_signup(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> post_signup(const provider::Provider& provider,
                                          http::Request request);

// Makes the account of an answered challenge and goes on with the flow, all in this request. That
// the challenge was answered in the browser that asked is the caller's to know.
runtime::Task<http::Response> finish_sign_up(const provider::Provider& provider,
                                             const http::Request& request, Flow flow,
                                             const oidc::model::EmailChallenge& challenge,
                                             std::string route);
}  // namespace server::signin

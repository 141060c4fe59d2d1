// Owns: a new password for who does not know it any more: GET and POST /reset ask for a mail, GET
// and POST /reset/finish take the new password after its link or code was used (link_wait.h). The
// answers are the same whether the address has an account or not. Nobody is signed in by it.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {
runtime::Task<http::Response> get_reset(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> post_reset(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> get_reset_finish(const provider::Provider& provider,
                                               http::Request request);
runtime::Task<http::Response> post_reset_finish(const provider::Provider& provider,
                                                http::Request request);
}  // namespace server::signin

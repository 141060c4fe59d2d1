// Owns: the link in a mail: GET and POST /m/CREDENTIAL. GET and HEAD change nothing, ever. In the
// browser that asked, a click goes on; any other must enter the number that is shown in the asking
// one, which then goes on by itself. No session ever lands in another browser than the one that
// asked: mail scanners and strangers get nothing.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {
runtime::Task<http::Response> get_link(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> post_link(const provider::Provider& provider, http::Request request);
}  // namespace server::signin

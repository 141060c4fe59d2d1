// Owns: a person's own pages: GET and POST below /account. Each form carries a seal for its kind
// and session, so that no other site can send it; what is shown is the signed-in person's alone.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::console {

// profile.cpp
runtime::Task<http::Response> get_profile(const provider::Provider& provider,
                                          http::Request request);
runtime::Task<http::Response> post_profile(const provider::Provider& provider,
                                           http::Request request);
// To the chooser (signin/chooser.h) and back.
runtime::Task<http::Response> get_switch(const provider::Provider& provider, http::Request request);

// security.cpp
runtime::Task<http::Response> get_security(const provider::Provider& provider,
                                           http::Request request);
runtime::Task<http::Response> post_end_session(const provider::Provider& provider,
                                               http::Request request);
runtime::Task<http::Response> post_end_others(const provider::Provider& provider,
                                              http::Request request);

// applications.cpp
runtime::Task<http::Response> get_applications(const provider::Provider& provider,
                                               http::Request request);
runtime::Task<http::Response> post_revoke(const provider::Provider& provider,
                                          http::Request request);
runtime::Task<http::Response> get_activity(const provider::Provider& provider,
                                           http::Request request);

// password.cpp
runtime::Task<http::Response> get_password(const provider::Provider& provider,
                                           http::Request request);
runtime::Task<http::Response> post_password(const provider::Provider& provider,
                                            http::Request request);

// email.cpp
runtime::Task<http::Response> get_email(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> post_email(const provider::Provider& provider, http::Request request);

// removal.cpp
runtime::Task<http::Response> get_delete(const provider::Provider& provider, http::Request request);
runtime::Task<http::Response> post_delete(const provider::Provider& provider,
                                          http::Request request);

}  // namespace server::console

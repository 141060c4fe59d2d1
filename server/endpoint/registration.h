// Owns: dynamic client registration, POST /register (RFC 7591, OpenID Connect Dynamic Client
// Registration 1.0), and its management, /register/CLIENT_ID (RFC 7592). The rules of the fields
// stand in oidc/metadata.
#pragma once
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {
runtime::Task<http::Response> post_registration(const provider::Provider& provider,
                                                http::Request request);
// These take the registration access token that the client got when it registered.
runtime::Task<http::Response> get_registration(const provider::Provider& provider,
                                               http::Request request);
runtime::Task<http::Response> put_registration(const provider::Provider& provider,
                                               http::Request request);
runtime::Task<http::Response> delete_registration(const provider::Provider& provider,
                                                  http::Request request);
}  // namespace server::endpoint

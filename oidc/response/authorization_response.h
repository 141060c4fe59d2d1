// Owns: where an authorization response is sent, in the query of the redirect URI (RFC 6749 §4.1.2,
// RFC 9207 §2: `iss` in every one, errors too).
#pragma once
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/request/authorization_request.h"

namespace oidc::response {

std::string code_location(const request::ValidatedRedirectUri& redirect_uri, std::string_view code,
                          std::string_view state, std::string_view issuer);
// `event_id` is added to the description, so that an operator can look the failure up.
std::string error_location(const request::RedirectError& error, std::string_view issuer,
                           std::string_view event_id);
// post_logout_redirect_uri with `state`, and nothing else.
std::string logout_location(const request::ValidatedRedirectUri& uri, std::string_view state);

}  // namespace oidc::response

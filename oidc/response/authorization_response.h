// Owns: the authorization response and where its parameters travel: query, fragment or a form
// (RFC 6749 §4.1.2, OAuth 2.0 Multiple Response Type Encoding §2.1, Form Post Response Mode §2).
// RFC 9207 §2: `iss` stands in every one, errors too.
#pragma once
#include <string>
#include <string_view>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/grant/issue_tokens.h"
#include "oidc/request/authorization_request.h"

namespace oidc::response {

struct AuthorizationResponse {
  request::ResponseMode mode = request::ResponseMode::query;
  std::string location;  // query, fragment: all in it; form_post: where the form goes
  Form fields;           // of form_post
};

struct Issued {
  std::string_view code;  // empty: none
  const grant::IssuedTokens* tokens = nullptr;
  std::string_view session_state;  // Session Management §2; empty: none
};
AuthorizationResponse success(const request::AuthorizationRequest& request, const Issued& issued,
                              std::string_view issuer, TimePoint now);
// `event_id` is added to the description, so that an operator can look the failure up.
AuthorizationResponse failure(const request::RedirectError& error, std::string_view issuer,
                              std::string_view event_id);
// post_logout_redirect_uri with `state`, and nothing else.
std::string logout_location(const request::ValidatedRedirectUri& uri, std::string_view state);

}  // namespace oidc::response

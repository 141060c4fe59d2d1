// Owns: turning a failure into an answer with an event id: on the page or in error_description, in
// the log, and in the ring that `latchkey explain ID` reads. RFC 6749 §5.2, RFC 6750 §3.
#pragma once
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "server/http/message.h"
#include "server/page/page.h"
#include "server/provider/provider.h"
#include "server/store/store.h"

namespace server::provider {

// A store fault as a protocol error: temporarily_unavailable (nothing burnt, try again) or
// server_error.
oidc::OAuthError to_oauth_error(const store::StoreError& error);
// The status of a JSON error answer: 401 for invalid_client, 503, 500 or 400.
int json_status(oidc::OAuthErrorCode code);

// Records the failure and returns its event id. `route` is the path pattern, `client_id` may be
// empty.
std::string record_failure(const Provider& provider, const http::Request& request,
                           std::string_view route, const oidc::OAuthError& error, int status,
                           std::string_view client_id = {});

// The JSON answer of /token, /introspect and /revoke.
http::Response json_failure(const Provider& provider, const http::Request& request,
                            std::string_view route, const oidc::OAuthError& error,
                            std::string_view client_id = {});
// The answer of a resource protected by a bearer token. Without a token the challenge has no error
// code (RFC 6750 §3.1).
http::Response bearer_failure(const Provider& provider, const http::Request& request,
                              std::string_view route, const oidc::OAuthError& error,
                              bool token_was_sent);
// The language of a page: of `ui_locales`, or those in its address, else of Accept-Language, else
// of the settings.
std::string language_of(const Provider& provider, const http::Request& request,
                        std::string ui_locales = {});

// A page of ours. Fills the look (unless preset: that of pages of ours, in the person's language),
// status (unless preset to other than 400), error and event_id of `view`; title, sentence and
// remedy may be preset. The title defaults to what failures of the server say, the sentence to that
// or the description.
http::Response page_failure(const Provider& provider, const http::Request& request,
                            std::string_view route, const oidc::OAuthError& error,
                            page::ErrorView view = {}, std::string_view client_id = {});

}  // namespace server::provider

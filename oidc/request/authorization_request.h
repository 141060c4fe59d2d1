// Owns: the authorization request as typed values (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1,
// RFC 7636 §4.3) and the two kinds of failure. The order of the checks is authorization_steps.cpp.
// Knows nothing of request objects: they are merged into the form before it comes here.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/metadata/features.h"
#include "oidc/model/client.h"
#include "oidc/request/claims_parameter.h"
#include "oidc/request/redirect_uri.h"

namespace oidc::request {

struct Prompt {
  bool none = false;
  bool login = false;
  bool consent = false;
  bool select_account = false;
};

// OAuth 2.0 Multiple Response Type Encoding §3 and §5.
struct ResponseType {
  bool code = false;
  bool id_token = false;
  bool token = false;
};

// OAuth 2.0 Multiple Response Type Encoding §2.1, OAuth 2.0 Form Post Response Mode §2.
enum class ResponseMode { query, fragment, form_post };

struct AuthorizationRequest {
  ValidatedRedirectUri redirect_uri;
  std::string client_id;
  ResponseType response_type;
  ResponseMode response_mode = ResponseMode::query;
  std::vector<std::string> scopes;  // known and allowed ones, in the order asked, without repeats
  std::string state;
  std::string nonce;
  std::string code_challenge;  // S256; empty without PKCE
  Prompt prompt;
  std::optional<std::int64_t> max_age_s;
  std::string login_hint;
  std::string id_token_hint;
  std::string acr_values;
  ClaimsParameter claims;
  std::vector<std::string> resources;  // RFC 8707; empty: none was named
  std::string ui_locales;
  std::string display;

  bool has_scope(std::string_view scope) const;
  std::string scope() const;
};

// Shown on a page of ours: the redirect URI can't be trusted.
struct PageError {
  OAuthError error;
};

// Sent to the application.
struct RedirectError {
  ValidatedRedirectUri redirect_uri;
  std::string state;
  ResponseMode response_mode = ResponseMode::query;
  OAuthError error;
};

using AuthorizationFailure = std::variant<PageError, RedirectError>;

// Checks the parameters of `form` (parsed with Repeats::note) for `client` by the table of
// authorization_steps.cpp. A repeated client_id or redirect_uri stays on a page of ours.
std::expected<AuthorizationRequest, AuthorizationFailure> parse_authorization_request(
    const Form& form, const model::Client& client, const metadata::Features& features,
    TimePoint now);

// Where an error goes that is found before the response mode has been checked: what was asked for,
// as far as it can be made out.
ResponseMode response_mode_for_errors(const Form& form);

}  // namespace oidc::request

// Owns: Result<T> and the protocol error. Specification: RFC 6749 §4.1.2.1 and §5.2, OpenID Connect
// Core §3.1.2.6, RFC 6750 §3.1, RFC 7591 §3.2.2. Does not decide how an error is delivered.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace oidc {

enum class OAuthErrorCode {
  invalid_request,
  invalid_client,
  invalid_grant,
  unauthorized_client,
  unsupported_grant_type,
  unsupported_response_type,
  invalid_scope,
  access_denied,
  server_error,
  temporarily_unavailable,
  login_required,
  interaction_required,
  account_selection_required,
  consent_required,
  request_not_supported,
  request_uri_not_supported,
  registration_not_supported,
  invalid_request_uri,
  invalid_request_object,
  invalid_target,
  invalid_token,
  insufficient_scope,
  unsupported_token_type,
  invalid_redirect_uri,
  invalid_client_metadata,
  unmet_authentication_requirements,  // OpenID Connect Core Unmet Authentication Requirements 1.0
};

// The code as the specifications spell it.
std::string_view to_string(OAuthErrorCode code);

// A failure with a public and a private half.
struct OAuthError {
  OAuthErrorCode code = OAuthErrorCode::server_error;
  // Safe for everybody to read: ASCII without '"' and '\', says what to do.
  std::string description;
  // For the operator's log only, no secrets: "RULE: expected X, received Y", or "RULE: what is
  // wrong".
  std::string detail = {};
};

template <class T, class E = OAuthError>
using Result = std::expected<T, E>;

// Shorthand for the error branch: `return fail(OAuthErrorCode::invalid_grant, "…")`.
inline std::unexpected<OAuthError> fail(OAuthErrorCode code, std::string description,
                                        std::string detail = {}) {
  return std::unexpected(OAuthError{code, std::move(description), std::move(detail)});
}

}  // namespace oidc

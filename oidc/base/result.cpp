#include "oidc/base/result.h"

namespace oidc {

std::string_view to_string(OAuthErrorCode code) {
  switch (code) {
    case OAuthErrorCode::invalid_request:
      return "invalid_request";
    case OAuthErrorCode::invalid_client:
      return "invalid_client";
    case OAuthErrorCode::invalid_grant:
      return "invalid_grant";
    case OAuthErrorCode::unauthorized_client:
      return "unauthorized_client";
    case OAuthErrorCode::unsupported_grant_type:
      return "unsupported_grant_type";
    case OAuthErrorCode::unsupported_response_type:
      return "unsupported_response_type";
    case OAuthErrorCode::invalid_scope:
      return "invalid_scope";
    case OAuthErrorCode::access_denied:
      return "access_denied";
    case OAuthErrorCode::server_error:
      return "server_error";
    case OAuthErrorCode::temporarily_unavailable:
      return "temporarily_unavailable";
    case OAuthErrorCode::login_required:
      return "login_required";
    case OAuthErrorCode::interaction_required:
      return "interaction_required";
    case OAuthErrorCode::account_selection_required:
      return "account_selection_required";
    case OAuthErrorCode::consent_required:
      return "consent_required";
    case OAuthErrorCode::request_not_supported:
      return "request_not_supported";
    case OAuthErrorCode::request_uri_not_supported:
      return "request_uri_not_supported";
    case OAuthErrorCode::registration_not_supported:
      return "registration_not_supported";
    case OAuthErrorCode::invalid_request_uri:
      return "invalid_request_uri";
    case OAuthErrorCode::invalid_request_object:
      return "invalid_request_object";
    case OAuthErrorCode::invalid_target:
      return "invalid_target";
    case OAuthErrorCode::invalid_token:
      return "invalid_token";
    case OAuthErrorCode::insufficient_scope:
      return "insufficient_scope";
    case OAuthErrorCode::unsupported_token_type:
      return "unsupported_token_type";
    case OAuthErrorCode::invalid_redirect_uri:
      return "invalid_redirect_uri";
    case OAuthErrorCode::invalid_client_metadata:
      return "invalid_client_metadata";
    case OAuthErrorCode::unmet_authentication_requirements:
      return "unmet_authentication_requirements";
  }
  return "server_error";
}

}  // namespace oidc

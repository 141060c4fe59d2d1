// Owns: a registered client (RFC 7591 §2, OpenID Connect Registration §2) and what it may do.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/time.h"

namespace oidc::model {

enum class ClientAuthMethod {
  none,
  client_secret_basic,
  client_secret_post,
  client_secret_jwt,
  private_key_jwt,
};
std::string_view to_string(ClientAuthMethod method);
std::optional<ClientAuthMethod> parse_client_auth_method(std::string_view name);

enum class ApplicationType { web, native };
enum class SubjectType { public_, pairwise };

struct RedirectUri {
  std::string uri;
  std::optional<TimePoint> expires_at;  // absent: as long as the client
};

struct Client {
  std::string client_id;
  std::string client_name;
  ApplicationType application_type = ApplicationType::web;
  ClientAuthMethod token_endpoint_auth_method = ClientAuthMethod::client_secret_basic;
  std::string client_secret_digest;  // base64url SHA-256; empty for public clients
  std::string client_secret_sealed;  // client_secret_jwt only: the secret, sealed by the key ring
  std::string token_endpoint_auth_signing_alg;  // empty: any that fits the method
  std::vector<RedirectUri> redirect_uris;
  std::vector<std::string> post_logout_redirect_uris;
  std::vector<std::string> grant_types = {"authorization_code"};
  std::vector<std::string> response_types = {"code"};
  std::string scope;  // space-separated allow-list; empty: every scope the server knows
  std::string id_token_signed_response_alg = "RS256";  // "none" where the operator allows it
  std::string userinfo_signed_response_alg;            // empty: plain JSON
  std::string request_object_signing_alg;              // empty: any ("none" where allowed)
  bool require_signed_request_object = false;          // RFC 9101 §10.5
  bool require_pushed_authorization_requests = false;  // RFC 9126 §6
  std::vector<std::string> request_uris;               // with their fragments, as registered
  std::string jwks;                                    // a JWK Set as JSON text, or empty
  std::string jwks_uri;
  SubjectType subject_type = SubjectType::public_;
  std::string sector_identifier_uri;
  std::string sector_identifier;  // the host that pairwise subjects are made for; empty if public
  std::string initiate_login_uri;
  std::string frontchannel_logout_uri;
  bool frontchannel_logout_session_required = false;
  std::string backchannel_logout_uri;
  bool backchannel_logout_session_required = false;
  std::string software_id, software_version;              // RFC 7591 §2, kept and shown only
  std::string client_uri, logo_uri, policy_uri, tos_uri;  // https, or empty
  std::vector<std::string> contacts;
  std::optional<std::int64_t> default_max_age_s;
  bool require_auth_time = false;
  std::vector<std::string> default_acr_values;
  bool first_party = false;   // consent is not asked
  // Ours, set by the operator only. Empty: what the settings say.
  std::string login_method;             // "password", "magic_link", "password_or_magic_link"
  std::optional<bool> self_signup;      // whether strangers may make an account here
  std::string required_acr;             // empty: any
  bool pkce_required = true;  // always true for public clients
  // Registered by a stranger, without an initial access token: named as unverified on the consent
  // page, never redirected to before a person acted, no refresh tokens, removed when unused.
  bool quarantined = false;
  // RFC 7592: base64url SHA-256 of the registration access token; empty when there is none.
  std::string registration_access_token_digest;
  TimePoint created_at{};
  // Of its last change: no two states of a client have the same one.
  TimePoint updated_at{};

  bool is_public() const { return token_endpoint_auth_method == ClientAuthMethod::none; }
  bool has_grant_type(std::string_view type) const;
  // `type` in any order of its words: "token id_token" is "id_token token" (OAuth 2.0 Multiple
  // Response Types §3).
  bool has_response_type(std::string_view type) const;
  // client_name, or client_id when there is none.
  const std::string& display_name() const { return client_name.empty() ? client_id : client_name; }
};

}  // namespace oidc::model

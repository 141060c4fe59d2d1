// Owns: a registered client (RFC 7591 §2, OpenID Connect Registration §2) and what it may do.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/time.h"

namespace oidc::model {

enum class ClientAuthMethod { none, client_secret_basic, client_secret_post };
std::string_view to_string(ClientAuthMethod method);
std::optional<ClientAuthMethod> parse_client_auth_method(std::string_view name);

enum class ApplicationType { web, native };

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
  std::vector<RedirectUri> redirect_uris;
  std::vector<std::string> post_logout_redirect_uris;
  std::vector<std::string> grant_types = {"authorization_code"};
  std::vector<std::string> response_types = {"code"};
  std::string scope;  // space-separated allow-list; empty: every scope the server knows
  std::string id_token_signed_response_alg = "RS256";
  std::string client_uri, logo_uri, policy_uri, tos_uri;  // https, or empty
  std::vector<std::string> contacts;
  std::optional<std::int64_t> default_max_age_s;
  bool require_auth_time = false;
  std::vector<std::string> default_acr_values;
  bool first_party = false;   // consent is not asked
  bool pkce_required = true;  // always true for public clients
  TimePoint created_at{};

  bool is_public() const { return token_endpoint_auth_method == ClientAuthMethod::none; }
  bool has_grant_type(std::string_view type) const;
  // client_name, or client_id when there is none.
  const std::string& display_name() const { return client_name.empty() ? client_id : client_name; }
};

}  // namespace oidc::model

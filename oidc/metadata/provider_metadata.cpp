#include "oidc/metadata/provider_metadata.h"

#include <nlohmann/json.hpp>

#include "oidc/metadata/scope.h"

namespace oidc::metadata {

std::string provider_metadata(const std::string& issuer) {
  using json = nlohmann::ordered_json;
  const json client_auth = {"client_secret_basic", "client_secret_post", "none"};
  const json resource_auth = {"client_secret_basic", "client_secret_post"};
  json scope_names = json::array();
  for (const auto& row : scopes()) scope_names.push_back(row.scope);
  json claims = json::array();
  for (const auto& claim : supported_claims()) claims.push_back(claim);
  const json document = {
      {"issuer", issuer},
      {"authorization_endpoint", issuer + "/authorize"},
      {"token_endpoint", issuer + "/token"},
      {"userinfo_endpoint", issuer + "/userinfo"},
      {"jwks_uri", issuer + "/jwks"},
      {"introspection_endpoint", issuer + "/introspect"},
      {"revocation_endpoint", issuer + "/revoke"},
      {"end_session_endpoint", issuer + "/logout"},
      {"scopes_supported", scope_names},
      {"response_types_supported", {"code"}},
      {"response_modes_supported", {"query"}},
      {"grant_types_supported", {"authorization_code", "refresh_token"}},
      {"subject_types_supported", {"public"}},
      {"id_token_signing_alg_values_supported", {"RS256", "ES256"}},
      {"acr_values_supported", {kAcrPassword}},
      {"display_values_supported", {"page", "popup"}},
      {"claim_types_supported", {"normal"}},
      {"claims_supported", claims},
      {"claims_parameter_supported", false},
      {"request_parameter_supported", false},
      {"request_uri_parameter_supported", false},
      {"require_request_uri_registration", false},
      {"token_endpoint_auth_methods_supported", client_auth},
      {"introspection_endpoint_auth_methods_supported", resource_auth},
      {"revocation_endpoint_auth_methods_supported", client_auth},
      {"code_challenge_methods_supported", {"S256"}},
      {"prompt_values_supported", {"none", "login", "consent", "select_account"}},
      {"authorization_response_iss_parameter_supported", true},
  };
  return document.dump();
}

}  // namespace oidc::metadata

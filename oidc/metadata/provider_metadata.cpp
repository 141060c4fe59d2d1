#include "oidc/metadata/provider_metadata.h"

#include <nlohmann/json.hpp>

#include "oidc/jose/algorithm.h"
#include "oidc/metadata/scope.h"

namespace oidc::metadata {
namespace {

using json = nlohmann::ordered_json;

json flows(const Features& features) {
  json scope_names = json::array();
  for (const auto& row : scopes()) scope_names.push_back(row.scope);
  json response_types = {"code"};
  json grant_types = {"authorization_code", "refresh_token"};
  if (features.allow_implicit) {
    for (const char* type :
         {"id_token", "id_token token", "code id_token", "code token", "code id_token token"}) {
      response_types.push_back(type);
    }
    grant_types.push_back("implicit");
  }
  return {{"scopes_supported", scope_names},
          {"response_types_supported", response_types},
          {"response_modes_supported", {"query", "fragment", "form_post"}},
          {"grant_types_supported", grant_types},
          {"code_challenge_methods_supported", {"S256"}},
          {"prompt_values_supported", {"none", "login", "consent", "select_account"}},
          {"display_values_supported", {"page", "popup"}},
          {"request_parameter_supported", true},
          {"request_uri_parameter_supported", true},
          {"require_request_uri_registration", true},
          {"require_pushed_authorization_requests", false}};
}

// What clients may sign with: every algorithm of the table.
json asymmetric() {
  json names = json::array();
  for (const auto& row : jose::algorithms()) names.push_back(row.name);
  return names;
}

json with_none(json names, const Features& features) {
  if (features.allow_unsigned) names.push_back("none");
  return names;
}

json algorithms(const Features& features) {
  const json ours = {"RS256", "ES256", "PS256", "EdDSA"};
  return {{"subject_types_supported", {"public", "pairwise"}},
          {"id_token_signing_alg_values_supported", with_none(ours, features)},
          {"userinfo_signing_alg_values_supported", ours},
          {"request_object_signing_alg_values_supported", with_none(asymmetric(), features)}};
}

json kinds_of_authentication() {
  json client_auth = {"client_secret_basic", "client_secret_post", "client_secret_jwt",
                      "private_key_jwt", "none"};
  json assertion_algorithms = asymmetric();
  assertion_algorithms.push_back("HS256");
  json resource_auth = client_auth;
  resource_auth.erase(resource_auth.size() - 1);
  return {{"token_endpoint_auth_methods_supported", client_auth},
          {"token_endpoint_auth_signing_alg_values_supported", assertion_algorithms},
          {"introspection_endpoint_auth_methods_supported", resource_auth},
          {"introspection_endpoint_auth_signing_alg_values_supported", assertion_algorithms},
          {"revocation_endpoint_auth_methods_supported", client_auth},
          {"revocation_endpoint_auth_signing_alg_values_supported", assertion_algorithms},
          {"acr_values_supported", {kAcrPassword, kAcrLink}}};
}

json extras() {
  json claims = json::array();
  for (const auto& claim : supported_claims()) claims.push_back(claim);
  return {{"claim_types_supported", {"normal"}},
          {"claims_supported", claims},
          {"claims_parameter_supported", true},
          {"frontchannel_logout_supported", true},
          {"frontchannel_logout_session_supported", true},
          {"backchannel_logout_supported", true},
          {"backchannel_logout_session_supported", true},
          {"authorization_response_iss_parameter_supported", true}};
}

}  // namespace

std::string provider_metadata(const std::string& issuer, const Features& features,
                              const std::vector<std::string>& languages) {
  json document = {
      {"issuer", issuer},
      {"authorization_endpoint", issuer + "/authorize"},
      {"pushed_authorization_request_endpoint", issuer + "/par"},
      {"token_endpoint", issuer + "/token"},
      {"userinfo_endpoint", issuer + "/userinfo"},
      {"jwks_uri", issuer + "/jwks"},
      {"introspection_endpoint", issuer + "/introspect"},
      {"revocation_endpoint", issuer + "/revoke"},
      {"end_session_endpoint", issuer + "/logout"},
      {"ui_locales_supported", languages},
  };
  if (features.registration != Registration::closed) {
    document["registration_endpoint"] = issuer + "/register";
  }
  if (features.session_management) document["check_session_iframe"] = issuer + "/check_session";
  document.update(flows(features));
  document.update(algorithms(features));
  document.update(kinds_of_authentication());
  document.update(extras());
  return document.dump();
}

}  // namespace oidc::metadata

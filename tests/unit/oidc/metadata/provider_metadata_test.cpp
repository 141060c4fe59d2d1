#include "oidc/metadata/provider_metadata.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "oidc/base/text.h"
#include "oidc/metadata/scope.h"
#include "tests/support/catch.h"

using namespace oidc::metadata;
using nlohmann::json;

namespace {

constexpr const char* kIssuer = "https://id.test";

json document() {
  return json::parse(provider_metadata(kIssuer));
}

}  // namespace

TEST_CASE("Discovery: exactly what works, and nothing else") {
  const json expected = {
      {"issuer", "https://id.test"},
      {"authorization_endpoint", "https://id.test/authorize"},
      {"token_endpoint", "https://id.test/token"},
      {"userinfo_endpoint", "https://id.test/userinfo"},
      {"jwks_uri", "https://id.test/jwks"},
      {"introspection_endpoint", "https://id.test/introspect"},
      {"revocation_endpoint", "https://id.test/revoke"},
      {"end_session_endpoint", "https://id.test/logout"},
      {"scopes_supported", {"openid", "profile", "email", "address", "phone", "offline_access"}},
      {"response_types_supported", {"code"}},
      {"response_modes_supported", {"query"}},
      {"grant_types_supported", {"authorization_code", "refresh_token"}},
      {"subject_types_supported", {"public"}},
      {"id_token_signing_alg_values_supported", {"RS256", "ES256"}},
      {"acr_values_supported", {"urn:latchkey:acr:pwd"}},
      {"display_values_supported", {"page", "popup"}},
      {"claim_types_supported", {"normal"}},
      {"claims_parameter_supported", false},
      {"request_parameter_supported", false},
      {"request_uri_parameter_supported", false},
      {"require_request_uri_registration", false},
      {"token_endpoint_auth_methods_supported",
       {"client_secret_basic", "client_secret_post", "none"}},
      {"introspection_endpoint_auth_methods_supported",
       {"client_secret_basic", "client_secret_post"}},
      {"revocation_endpoint_auth_methods_supported",
       {"client_secret_basic", "client_secret_post", "none"}},
      {"code_challenge_methods_supported", {"S256"}},
      {"prompt_values_supported", {"none", "login", "consent", "select_account"}},
      {"authorization_response_iss_parameter_supported", true},
  };
  auto found = document();
  REQUIRE(found.contains("claims_supported"));
  found.erase("claims_supported");
  CHECK(found == expected);
}

TEST_CASE("Discovery: every address is below the issuer") {
  for (const auto& [name, value] : document().items()) {
    CAPTURE(name);
    const bool address = name.ends_with("_endpoint") || name.ends_with("_uri");
    if (address) CHECK(value.get<std::string>().starts_with("https://id.test/"));
  }
}

TEST_CASE("Discovery: no weak choice is offered") {
  const auto text = provider_metadata(kIssuer);
  for (const char* word : {"\"plain\"", "HS256", "implicit", "password", "\"token\"", "id_token\"]",
                           "\"fragment\"", "RS1"}) {
    CAPTURE(word);
    CHECK(text.find(word) == std::string::npos);
  }
  for (const auto& alg : document()["id_token_signing_alg_values_supported"]) CHECK(alg != "none");
}

TEST_CASE("Scopes: each claim of a scope is a supported claim, once") {
  const auto listed = document()["claims_supported"].get<std::vector<std::string>>();
  CHECK(std::set<std::string>(listed.begin(), listed.end()).size() == listed.size());
  for (const auto& row : scopes()) {
    CHECK(is_known_scope(row.scope));
    for (const auto claim : row.claims) {
      CAPTURE(std::string(claim));
      CHECK(std::ranges::find(listed, claim) != listed.end());
    }
  }
  for (const char* name : {"", "OPENID", "openid ", "admin", "openid profile"}) {
    CHECK_FALSE(is_known_scope(name));
  }
}

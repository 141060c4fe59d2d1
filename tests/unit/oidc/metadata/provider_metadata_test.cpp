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
  return json::parse(provider_metadata(kIssuer, {}, {"en", "de"}));
}

}  // namespace

TEST_CASE("Discovery: exactly what works, and nothing else") {
  const json ours = {"RS256", "ES256", "PS256", "EdDSA"};
  const json theirs = {"RS256", "RS384", "RS512", "PS256", "PS384",
                       "PS512", "ES256", "ES384", "ES512", "EdDSA"};
  auto with_hs256 = theirs;
  with_hs256.push_back("HS256");
  const json all = {"client_secret_basic", "client_secret_post", "client_secret_jwt",
                    "private_key_jwt", "none"};
  const json confidential = {"client_secret_basic", "client_secret_post", "client_secret_jwt",
                             "private_key_jwt"};
  const json expected = {
      {"issuer", "https://id.test"},
      {"authorization_endpoint", "https://id.test/authorize"},
      {"pushed_authorization_request_endpoint", "https://id.test/par"},
      {"token_endpoint", "https://id.test/token"},
      {"userinfo_endpoint", "https://id.test/userinfo"},
      {"jwks_uri", "https://id.test/jwks"},
      {"registration_endpoint", "https://id.test/register"},
      {"introspection_endpoint", "https://id.test/introspect"},
      {"revocation_endpoint", "https://id.test/revoke"},
      {"end_session_endpoint", "https://id.test/logout"},
      {"ui_locales_supported", {"en", "de"}},
      {"check_session_iframe", "https://id.test/check_session"},
      {"scopes_supported", {"openid", "profile", "email", "address", "phone", "offline_access"}},
      {"response_types_supported", {"code"}},
      {"response_modes_supported", {"query", "fragment", "form_post"}},
      {"grant_types_supported", {"authorization_code", "refresh_token"}},
      {"subject_types_supported", {"public", "pairwise"}},
      {"id_token_signing_alg_values_supported", ours},
      {"userinfo_signing_alg_values_supported", ours},
      {"request_object_signing_alg_values_supported", theirs},
      {"acr_values_supported", {"urn:latchkey:acr:pwd", "urn:latchkey:acr:link"}},
      {"display_values_supported", {"page", "popup"}},
      {"claim_types_supported", {"normal"}},
      {"claims_parameter_supported", true},
      {"request_parameter_supported", true},
      {"request_uri_parameter_supported", true},
      {"require_request_uri_registration", true},
      {"require_pushed_authorization_requests", false},
      {"token_endpoint_auth_methods_supported", all},
      {"token_endpoint_auth_signing_alg_values_supported", with_hs256},
      {"introspection_endpoint_auth_methods_supported", confidential},
      {"introspection_endpoint_auth_signing_alg_values_supported", with_hs256},
      {"revocation_endpoint_auth_methods_supported", all},
      {"revocation_endpoint_auth_signing_alg_values_supported", with_hs256},
      {"code_challenge_methods_supported", {"S256"}},
      {"prompt_values_supported", {"none", "login", "consent", "select_account"}},
      {"frontchannel_logout_supported", true},
      {"frontchannel_logout_session_supported", true},
      {"backchannel_logout_supported", true},
      {"backchannel_logout_session_supported", true},
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
  const auto text = provider_metadata(kIssuer, {}, {"en", "de"});
  for (const char* word : {"\"plain\"", "implicit", "password\"", "\"token\"", "\"id_token\"",
                           "\"none\"]}", "RS1\""}) {
    CAPTURE(word);
    CHECK(text.find(word) == std::string::npos);
  }
  for (const auto& alg : document()["id_token_signing_alg_values_supported"]) CHECK(alg != "none");
}

TEST_CASE("Discovery: what the operator switches on or off") {
  const auto open = json::parse(provider_metadata(kIssuer,
                                                  {.registration = Registration::closed,
                                                   .allow_implicit = true,
                                                   .allow_unsigned = true,
                                                   .session_management = false},
                                                  {"en"}));
  CHECK(open["response_types_supported"].size() == 6);
  CHECK(open["grant_types_supported"].back() == "implicit");
  CHECK(open["id_token_signing_alg_values_supported"].back() == "none");
  CHECK(open["request_object_signing_alg_values_supported"].back() == "none");
  CHECK_FALSE(open.contains("registration_endpoint"));
  CHECK_FALSE(open.contains("check_session_iframe"));
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

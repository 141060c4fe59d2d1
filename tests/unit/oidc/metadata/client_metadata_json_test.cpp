#include "tests/unit/oidc/metadata/client_metadata_samples.h"

using namespace oidc::metadata;
using namespace metadata_test;

namespace {

// Every field, each with another value than its default.
json everything() {
  return {
      {"client_name", "Shop"},
      {"application_type", "native"},
      {"token_endpoint_auth_method", "private_key_jwt"},
      {"token_endpoint_auth_signing_alg", "ES256"},
      {"redirect_uris", {"https://rp.test/cb", "com.ex.app:/cb"}},
      {"post_logout_redirect_uris", {"https://rp.test/bye"}},
      {"grant_types", {"authorization_code", "refresh_token", "implicit"}},
      {"response_types", {"code", "token id_token"}},
      {"scope", "openid email"},
      {"id_token_signed_response_alg", "PS256"},
      {"userinfo_signed_response_alg", "EdDSA"},
      {"request_object_signing_alg", "ES384"},
      {"require_signed_request_object", true},
      {"require_pushed_authorization_requests", true},
      {"request_uris", {"https://rp.test/r#x"}},
      {"jwks", keys()},
      {"subject_type", "pairwise"},
      {"sector_identifier_uri", "https://sector.test/uris.json"},
      {"sector_identifier", "sector.test"},
      {"initiate_login_uri", "https://rp.test/start"},
      {"frontchannel_logout_uri", "https://rp.test/front"},
      {"frontchannel_logout_session_required", true},
      {"backchannel_logout_uri", "https://rp.test/back"},
      {"backchannel_logout_session_required", true},
      {"software_id", "4NRB1-0XZABZI9E6-5SM3R"},
      {"software_version", "2.1"},
      {"client_uri", "https://rp.test"},
      {"logo_uri", "https://rp.test/logo.png"},
      {"policy_uri", "https://rp.test/policy"},
      {"tos_uri", "http://localhost/tos"},
      {"contacts", {"ops@rp.test"}},
      {"default_max_age", 600},
      {"require_auth_time", true},
      {"default_acr_values", {"urn:latchkey:acr:pwd"}},
  };
}

}  // namespace

TEST_CASE("Client metadata: reading and writing are inverse") {
  // As text, as it comes: numbers made here are of another kind than numbers that were read.
  auto client = accepted(everything(), kAll);
  client.client_id = "c1";
  client.client_secret_digest = "a digest";
  client.client_secret_sealed = "a sealed secret";
  client.registration_access_token_digest = "a digest";
  auto written = to_json(client);
  CHECK(written["client_id"] == "c1");
  for (const char* secret : {"a digest", "a sealed secret"}) {
    CHECK(written.dump().find(secret) == std::string::npos);
  }
  written.erase("client_id");
  CHECK(written == everything());
}

TEST_CASE("Client metadata: what was stored is read without today's rules") {
  auto client = accepted(everything(), kAll);
  client.client_id = "c1";
  oidc::model::Client read;
  read.client_id = "kept";
  read.redirect_uris = {{"https://kept.test/cb", std::nullopt}};
  REQUIRE(read_stored_metadata(to_json(client).dump(), read));
  CHECK(read.client_id == "kept");
  REQUIRE(read.redirect_uris.size() == 1);
  CHECK(read.redirect_uris.front().uri == "https://kept.test/cb");
  read.client_id = client.client_id;
  read.redirect_uris = client.redirect_uris;
  CHECK(to_json(read) == to_json(client));
  CHECK(read.sector_identifier == "sector.test");

  // What version 0.1 wrote.
  oidc::model::Client old;
  REQUIRE(read_stored_metadata(
      R"({"application_type":"web","token_endpoint_auth_method":"none","contacts":[],)"
      R"("post_logout_redirect_uris":[],"grant_types":["authorization_code"],)"
      R"("response_types":["code"],"id_token_signed_response_alg":"RS256",)"
      R"("require_auth_time":false,"default_acr_values":[]})",
      old));
  CHECK(old.is_public());
  CHECK(old.response_types == std::vector<std::string>{"code"});

  // Rules that came later do not lock a stored client out.
  oidc::model::Client lax;
  CHECK(read_stored_metadata(
      R"({"token_endpoint_auth_method":"client_secret_post","response_types":["token"],)"
      R"("logo_uri":"http://rp.test/l.png"})",
      lax));

  for (std::string_view damaged :
       {"", "[]", "{", "{}", R"({"token_endpoint_auth_method":"magic"})",
        R"({"token_endpoint_auth_method":"none","contacts":"x"})",
        R"({"token_endpoint_auth_method":"none","contacts":[1]})",
        R"({"token_endpoint_auth_method":"none","client_name":1})",
        R"({"token_endpoint_auth_method":"none","require_auth_time":"x"})",
        R"({"token_endpoint_auth_method":"none","default_max_age":"x"})",
        R"({"token_endpoint_auth_method":"none","subject_type":"x"})",
        R"({"token_endpoint_auth_method":"none","application_type":"x"})",
        R"({"token_endpoint_auth_method":"none","jwks":"x"})"}) {
    CAPTURE(std::string(damaged));
    oidc::model::Client into;
    CHECK_FALSE(read_stored_metadata(damaged, into));
  }
}

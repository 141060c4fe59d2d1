#include "tests/unit/oidc/metadata/client_metadata_samples.h"

using namespace oidc::metadata;
using namespace metadata_test;
using oidc::model::ClientAuthMethod;

TEST_CASE("parse_client_metadata: the defaults of RFC 7591 §2") {
  const auto client = accepted(minimal());
  CHECK(client.client_id.empty());
  CHECK(client.client_secret_digest.empty());
  CHECK(client.token_endpoint_auth_method == ClientAuthMethod::client_secret_basic);
  CHECK(client.grant_types == std::vector<std::string>{"authorization_code"});
  CHECK(client.response_types == std::vector<std::string>{"code"});
  CHECK(client.application_type == oidc::model::ApplicationType::web);
  CHECK(client.id_token_signed_response_alg == "RS256");
  CHECK(client.userinfo_signed_response_alg.empty());
  CHECK(client.subject_type == oidc::model::SubjectType::public_);
  CHECK(client.scope.empty());
  CHECK_FALSE(client.pkce_required);
  CHECK_FALSE(client.first_party);
  CHECK_FALSE(client.quarantined);
}

TEST_CASE("parse_client_metadata: a null counts as absent") {
  auto metadata = minimal();
  for (const char* field :
       {"client_name", "grant_types", "response_types", "jwks", "jwks_uri", "scope", "logo_uri",
        "id_token_encrypted_response_alg", "software_statement", "default_max_age",
        "require_auth_time", "subject_type", "token_endpoint_auth_method"}) {
    metadata[field] = nullptr;
  }
  const auto client = accepted(metadata);
  CHECK(to_json(client) == to_json(accepted(minimal())));
  CHECK(refusal({{"redirect_uris", nullptr}}) == OAuthErrorCode::invalid_redirect_uri);
}

TEST_CASE("parse_client_metadata: PKCE is required for public clients") {
  const auto client = accepted(with("token_endpoint_auth_method", "none"));
  CHECK(client.is_public());
  CHECK(client.pkce_required);
}

TEST_CASE("parse_client_metadata: fields that are the server's own are not read") {
  auto metadata = minimal();
  metadata.update({{"client_id", "mine"},
                   {"client_secret", "mine"},
                   {"client_secret_digest", "mine"},
                   {"client_secret_sealed", "mine"},
                   {"registration_access_token", "mine"},
                   {"registration_access_token_digest", "mine"},
                   {"sector_identifier", "bank.test"},
                   {"first_party", true},
                   {"quarantined", false},
                   {"trusted", true},
                   {"skip_consent", true},
                   {"pkce_required", false},
                   {"org_id", "x"},
                   {"created_at", 1}});
  const auto client = accepted(metadata);
  CHECK(client.client_id.empty());
  CHECK(client.client_secret_digest.empty());
  CHECK(client.client_secret_sealed.empty());
  CHECK(client.registration_access_token_digest.empty());
  CHECK(client.sector_identifier.empty());
  CHECK_FALSE(client.first_party);
  CHECK(client.created_at == oidc::TimePoint{});
  CHECK(to_json(client) == to_json(accepted(minimal())));
}

TEST_CASE("parse_client_metadata: a broken redirect URI has its own code") {
  CHECK(refusal({{"redirect_uris", {"https://rp.test/cb", "https://*.rp.test/cb"}}}) ==
        OAuthErrorCode::invalid_redirect_uri);
  CHECK(refusal({{"redirect_uris", {"JaVaScRiPt:alert(1)"}}}) ==
        OAuthErrorCode::invalid_redirect_uri);
  CHECK(refusal({{"redirect_uris", {"https://rp.test/cb#f"}}}) ==
        OAuthErrorCode::invalid_redirect_uri);
  CHECK(refusal(json::object()) == OAuthErrorCode::invalid_redirect_uri);
  CHECK(refusal({{"redirect_uris", json::array()}}) == OAuthErrorCode::invalid_redirect_uri);
}

TEST_CASE("parse_client_metadata: the same redirect URI twice is one") {
  CHECK(accepted({{"redirect_uris", {"https://rp.test/cb", "https://rp.test/cb"}}})
            .redirect_uris.size() == 1);
}

TEST_CASE("parse_client_metadata: each broken field is refused") {
  const json too_many(51, "https://rp.test/cb");
  const json rows[] = {
      {{"redirect_uris", "https://rp.test/cb"}},
      {{"redirect_uris", {1}}},
      {{"redirect_uris", too_many}},
      {{"redirect_uris", {std::string(2049, 'x')}}},
      with("post_logout_redirect_uris", {"https://rp.test/bye#f"}),
      with("post_logout_redirect_uris", {"javascript:x"}),
      with("client_name", 5),
      with("client_name", std::string(201, 'n')),
      with("client_name", "two\nlines"),
      with("client_name", "\x7f"),
      with("application_type", "desktop"),
      with("token_endpoint_auth_method", "None"),
      with("token_endpoint_auth_method", "tls_client_auth"),
      with("token_endpoint_auth_method", json::array()),
      with("id_token_signed_response_alg", "none"),
      with("id_token_signed_response_alg", "HS256"),
      with("id_token_signed_response_alg", "rs256"),
      with("userinfo_signed_response_alg", "none"),
      with("userinfo_signed_response_alg", "HS256"),
      with("request_object_signing_alg", "none"),
      with("request_object_signing_alg", "HS256"),
      with("grant_types", {"authorization_code", "password"}),
      with("grant_types", {"client_credentials"}),
      with("grant_types", {"implicit"}),
      with("grant_types", "authorization_code"),
      with("response_types", {"code", "token"}),
      with("response_types", {"id_token"}),
      with("response_types", json::array()),
      with("scope", "admin root"),
      with("scope", 1),
      with("client_uri", "javascript:alert(1)"),
      with("logo_uri", "DATA:image/png;base64,x"),
      with("logo_uri", "http://localhost/logo.png"),
      with("policy_uri", "http://rp.test/policy"),
      with("tos_uri", "https://a@rp.test/tos"),
      with("tos_uri", "not a uri"),
      with("contacts", "a@b"),
      with("contacts", {1}),
      with("contacts", {"a\r\nb"}),
      with("contacts", {std::string(2049, 'x')}),
      with("default_acr_values", "x"),
      with("default_max_age", -1),
      with("default_max_age", 1.5),
      with("default_max_age", "60"),
      with("default_max_age", 315'360'001),
      with("require_auth_time", "true"),
      with("require_pushed_authorization_requests", 1),
      with("software_id", std::string(201, 'x')),
      with("subject_type", "private"),
      with("software_statement", "a.b.c"),
  };
  for (const auto& metadata : rows) {
    CAPTURE(metadata.dump());
    CHECK(refusal(metadata) == OAuthErrorCode::invalid_client_metadata);
  }
}

TEST_CASE("parse_client_metadata: encryption is refused, not ignored") {
  for (const char* field :
       {"id_token_encrypted_response_alg", "id_token_encrypted_response_enc",
        "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
        "request_object_encryption_alg", "request_object_encryption_enc",
        "authorization_encrypted_response_alg", "introspection_encrypted_response_enc"}) {
    CAPTURE(field);
    CHECK(refusal(with(field, "RSA-OAEP")) == OAuthErrorCode::invalid_client_metadata);
  }
}

TEST_CASE("parse_client_metadata: implicit and hybrid only where the operator allows them") {
  for (const char* type :
       {"id_token", "id_token token", "token id_token", "code id_token", "id_token code",
        "code token", "code id_token token", "token code id_token"}) {
    CAPTURE(type);
    CHECK(refusal(with("response_types", {type})) == OAuthErrorCode::invalid_client_metadata);
    const auto client = accepted(with("response_types", {type}), kAll);
    CHECK(client.response_types == std::vector<std::string>{type});
    CHECK(client.has_grant_type("implicit"));
    CHECK(client.has_grant_type("authorization_code") ==
          (std::string_view(type).find("code") != std::string_view::npos));
  }
  for (const char* type : {"token", "none", "code code", "id_token token token", "Code", "", " "}) {
    CAPTURE(type);
    CHECK(refusal(with("response_types", {type}), kAll) == OAuthErrorCode::invalid_client_metadata);
  }
}

TEST_CASE("parse_client_metadata: response types bring their grant types (RFC 7591 §2.1)") {
  const auto grants = [](json response_types, json grant_types) {
    return accepted(with({{"response_types", response_types}, {"grant_types", grant_types}}), kAll)
        .grant_types;
  };
  using Words = std::vector<std::string>;
  CHECK(grants({"code"}, json::array()) == Words{"authorization_code"});
  CHECK(grants({"code"}, {"refresh_token"}) == Words{"refresh_token", "authorization_code"});
  CHECK(grants({"code"}, {"authorization_code", "refresh_token"}) ==
        Words{"authorization_code", "refresh_token"});
  CHECK(grants({"id_token"}, {"implicit"}) == Words{"implicit"});
  CHECK(grants({"code id_token"}, {"authorization_code"}) ==
        Words{"authorization_code", "implicit"});
  CHECK(grants({"code id_token"}, {"authorization_code", "implicit"}) ==
        Words{"authorization_code", "implicit"});
}

TEST_CASE("parse_client_metadata: web applications with the implicit grant need https") {
  const auto implicit = [](const char* uri, const char* type) {
    return json{
        {"redirect_uris", {uri}}, {"application_type", type}, {"response_types", {"id_token"}}};
  };
  accepted(implicit("https://rp.test/cb", "web"), kAll);
  accepted(implicit("https://127.0.0.1:8443/test/a/callback", "web"), kAll);
  accepted(implicit("http://localhost/cb", "native"), kAll);
  for (const char* uri : {"http://localhost/cb", "https://localhost/cb", "https://LOCALHOST/cb",
                          "https://localhost.:8443/cb", "http://127.0.0.1/cb", "com.ex.app:/cb"}) {
    CAPTURE(uri);
    CHECK(refusal(implicit(uri, "web"), kAll) == OAuthErrorCode::invalid_redirect_uri);
  }
  // The code flow alone: as everywhere.
  accepted({{"redirect_uris", {"http://localhost/cb"}}}, kAll);
}

TEST_CASE("parse_client_metadata: unknown scopes are left out, but never all of them") {
  CHECK(accepted(with("scope", "openid admin email openid")).scope == "openid email");
  CHECK(accepted(with("scope", "")).scope.empty());
  CHECK(refusal(with("scope", "admin")) == OAuthErrorCode::invalid_client_metadata);
}

TEST_CASE("parse_client_metadata: keys by value or by address, not both") {
  const auto by_value = accepted(with("jwks", keys()));
  CHECK(json::parse(by_value.jwks) == keys());
  CHECK(accepted(with("jwks_uri", "https://rp.test/jwks")).jwks_uri == "https://rp.test/jwks");
  auto with_private = keys();
  with_private["keys"][0]["d"] = "AQAB";
  const json rows[] = {
      with({{"jwks", keys()}, {"jwks_uri", "https://rp.test/jwks"}}),
      with("jwks", keys().dump()),
      with("jwks", json::object()),
      with("jwks", {{"keys", {{{"kty", "oct"}, {"k", "AQAB"}}}}}),
      with("jwks", with_private),
      with("jwks", {{"keys", json::array()}, {"padding", std::string(17 * 1024, 'x')}}),
      with("jwks_uri", "http://rp.test/jwks"),
      with("jwks_uri", "http://127.0.0.1/jwks"),
      with("jwks_uri", "https://rp.test/jwks#f"),
      with("jwks_uri", "https://u@rp.test/jwks"),
      with("jwks_uri", "file:///etc/passwd"),
  };
  for (const auto& metadata : rows) {
    CAPTURE(metadata.dump());
    CHECK(refusal(metadata) == OAuthErrorCode::invalid_client_metadata);
  }
}

TEST_CASE("parse_client_metadata: client authentication by assertion") {
  const auto secret = accepted(with({{"token_endpoint_auth_method", "client_secret_jwt"},
                                     {"token_endpoint_auth_signing_alg", "HS256"}}));
  CHECK(secret.token_endpoint_auth_method == ClientAuthMethod::client_secret_jwt);
  CHECK(secret.token_endpoint_auth_signing_alg == "HS256");
  accepted(with("token_endpoint_auth_method", "client_secret_jwt"));
  const auto with_key = accepted(with({{"token_endpoint_auth_method", "private_key_jwt"},
                                       {"token_endpoint_auth_signing_alg", "ES256"},
                                       {"jwks", keys()}}));
  CHECK(with_key.token_endpoint_auth_signing_alg == "ES256");
  CHECK_FALSE(with_key.is_public());
  accepted(with(
      {{"token_endpoint_auth_method", "private_key_jwt"}, {"jwks_uri", "https://rp.test/jwks"}}));
  const json rows[] = {
      with({{"token_endpoint_auth_method", "client_secret_jwt"},
            {"token_endpoint_auth_signing_alg", "RS256"}}),
      with({{"token_endpoint_auth_method", "client_secret_jwt"},
            {"token_endpoint_auth_signing_alg", "none"}}),
      with({{"token_endpoint_auth_method", "private_key_jwt"},
            {"token_endpoint_auth_signing_alg", "HS256"},
            {"jwks", keys()}}),
      with({{"token_endpoint_auth_method", "private_key_jwt"},
            {"token_endpoint_auth_signing_alg", "none"},
            {"jwks", keys()}}),
      with("token_endpoint_auth_method", "private_key_jwt"),
      with(
          {{"token_endpoint_auth_method", "private_key_jwt"}, {"jwks", {{"keys", json::array()}}}}),
      with("token_endpoint_auth_signing_alg", "none"),
  };
  for (const auto& metadata : rows) {
    CAPTURE(metadata.dump());
    CHECK(refusal(metadata, kAll) == OAuthErrorCode::invalid_client_metadata);
  }
}

TEST_CASE("parse_client_metadata: signature algorithms of tokens, userinfo and requests") {
  for (const char* alg : {"RS256", "ES256", "PS256", "EdDSA"}) {
    CAPTURE(alg);
    const auto client = accepted(with({{"id_token_signed_response_alg", alg},
                                       {"userinfo_signed_response_alg", alg},
                                       {"request_object_signing_alg", alg}}));
    CHECK(client.id_token_signed_response_alg == alg);
    CHECK(client.userinfo_signed_response_alg == alg);
    CHECK(client.request_object_signing_alg == alg);
  }
  accepted(with("request_object_signing_alg", "ES512"));
  CHECK(refusal(with("id_token_signed_response_alg", "RS512")) ==
        OAuthErrorCode::invalid_client_metadata);
}

TEST_CASE("parse_client_metadata: none only where the operator allows it") {
  for (const char* field : {"id_token_signed_response_alg", "request_object_signing_alg"}) {
    CAPTURE(field);
    CHECK(refusal(with(field, "none")) == OAuthErrorCode::invalid_client_metadata);
    CHECK(refusal(with(field, "none"), {.allow_implicit = true}) ==
          OAuthErrorCode::invalid_client_metadata);
    CHECK(refusal(with(field, "NONE"), kAll) == OAuthErrorCode::invalid_client_metadata);
    accepted(with(field, "none"), kAll);
  }
  // Never for an ID token that travels through the browser.
  for (const char* type : {"id_token", "code id_token", "token id_token"}) {
    CAPTURE(type);
    CHECK(refusal(with({{"id_token_signed_response_alg", "none"}, {"response_types", {type}}}),
                  kAll) == OAuthErrorCode::invalid_client_metadata);
  }
  CHECK(refusal(with("userinfo_signed_response_alg", "none"), kAll) ==
        OAuthErrorCode::invalid_client_metadata);
}

TEST_CASE("parse_client_metadata: request objects") {
  const auto client = accepted(with({{"request_uris", {"https://rp.test/r#x", "https://rp.test/r"}},
                                     {"require_signed_request_object", true},
                                     {"require_pushed_authorization_requests", true},
                                     {"jwks", keys()}}));
  CHECK(client.request_uris ==
        std::vector<std::string>{"https://rp.test/r#x", "https://rp.test/r"});
  CHECK(client.require_signed_request_object);
  CHECK(client.require_pushed_authorization_requests);
  const json rows[] = {
      with("request_uris", {"http://rp.test/r"}),
      with("request_uris", {"http://127.0.0.1/r"}),
      with("request_uris", {"urn:x"}),
      with("request_uris", json(51, "https://rp.test/r")),
      with("require_signed_request_object", true),
      with({{"require_signed_request_object", true},
            {"request_object_signing_alg", "none"},
            {"jwks", keys()}}),
  };
  for (const auto& metadata : rows) {
    CAPTURE(metadata.dump());
    CHECK(refusal(metadata, kAll) == OAuthErrorCode::invalid_client_metadata);
  }
}

TEST_CASE("parse_client_metadata: pairwise subjects and their sector") {
  const auto one_host =
      accepted({{"redirect_uris", {"https://RP.test/a", "https://rp.test:8443/b"}},
                {"subject_type", "pairwise"}});
  CHECK(one_host.sector_identifier == "rp.test");
  const auto by_document =
      accepted({{"redirect_uris", {"https://a.test/cb", "https://b.test/cb", "com.ex.app:/cb"}},
                {"subject_type", "pairwise"},
                {"sector_identifier_uri", "https://Sector.test:8443/uris.json"}});
  CHECK(by_document.sector_identifier == "sector.test");
  CHECK(accepted(with("sector_identifier_uri", "https://s.test/u")).sector_identifier.empty());
  const json rows[] = {
      {{"redirect_uris", {"https://a.test/cb", "https://b.test/cb"}}, {"subject_type", "pairwise"}},
      {{"redirect_uris", {"com.ex.app:/cb"}}, {"subject_type", "pairwise"}},
      with("sector_identifier_uri", "http://s.test/u"),
      with("sector_identifier_uri", "https://s.test/u#f"),
  };
  for (const auto& metadata : rows) {
    CAPTURE(metadata.dump());
    CHECK(refusal(metadata) == OAuthErrorCode::invalid_client_metadata);
  }
}

TEST_CASE("parse_client_metadata: sign-out and third-party initiated login") {
  const auto client = accepted(with({{"frontchannel_logout_uri", "https://RP.test:443/out?a=b"},
                                     {"frontchannel_logout_session_required", true},
                                     {"backchannel_logout_uri", "https://back.test/out"},
                                     {"backchannel_logout_session_required", true},
                                     {"initiate_login_uri", "https://rp.test/start"}}));
  CHECK(client.frontchannel_logout_session_required);
  CHECK(client.backchannel_logout_session_required);
  CHECK(client.initiate_login_uri == "https://rp.test/start");
  const json rows[] = {
      with("frontchannel_logout_uri", "https://other.test/out"),
      with("frontchannel_logout_uri", "https://rp.test:8443/out"),
      with("frontchannel_logout_uri", "http://rp.test/out"),
      with("frontchannel_logout_uri", "https://rp.test/out#f"),
      with("frontchannel_logout_uri", "javascript:x"),
      with("backchannel_logout_uri", "http://rp.test/out"),
      with("backchannel_logout_uri", "http://127.0.0.1/out"),
      with("backchannel_logout_uri", "https://rp.test/out#f"),
      with("initiate_login_uri", "http://rp.test/start"),
      with("initiate_login_uri", "http://localhost/start"),
  };
  for (const auto& metadata : rows) {
    CAPTURE(metadata.dump());
    CHECK(refusal(metadata) == OAuthErrorCode::invalid_client_metadata);
  }
}

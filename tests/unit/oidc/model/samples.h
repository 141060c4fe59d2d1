// Owns: clients, people, grants and requests for the tests of the protocol code. Decides nothing.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oidc/base/form.h"
#include "oidc/base/time.h"
#include "oidc/client_auth/client_auth.h"
#include "oidc/model/client.h"
#include "oidc/model/session.h"
#include "oidc/model/user.h"

namespace samples {

inline constexpr std::string_view kIssuer = "https://id.test";
inline constexpr std::string_view kSecret = "s3cret-of-web";
inline const oidc::TimePoint kNow = oidc::from_millis(1'800'000'000'123);
// RFC 7636 appendix B.
inline constexpr std::string_view kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
inline constexpr std::string_view kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

inline oidc::Form form(std::string_view text) {
  return oidc::Form::parse(text).value();
}

// Confidential, client_secret_basic, PKCE optional.
inline oidc::model::Client web() {
  oidc::model::Client client;
  client.client_id = "web";
  client.client_name = "Web";
  client.client_secret_digest = oidc::client_auth::client_secret_digest(kSecret);
  client.redirect_uris = {{"https://rp.test/cb", std::nullopt}};
  client.grant_types = {"authorization_code", "refresh_token"};
  client.pkce_required = false;
  return client;
}

// Public, in a browser.
inline oidc::model::Client spa() {
  oidc::model::Client client = web();
  client.client_id = "spa";
  client.token_endpoint_auth_method = oidc::model::ClientAuthMethod::none;
  client.client_secret_digest.clear();
  client.pkce_required = true;
  return client;
}

// Public, on the person's own machine.
inline oidc::model::Client native() {
  oidc::model::Client client = spa();
  client.client_id = "native";
  client.application_type = oidc::model::ApplicationType::native;
  client.redirect_uris = {{"http://127.0.0.1/cb", std::nullopt},
                          {"http://[::1]/cb", std::nullopt},
                          {"com.ex.app:/cb", std::nullopt}};
  return client;
}

inline oidc::model::User person(std::string id, std::string email) {
  oidc::model::User user;
  user.id = std::move(id);
  user.emails = {{email, oidc::model::fold_email(email).value(), true}};
  user.updated_at = kNow - std::chrono::hours(24);
  return user;
}

inline oidc::model::User alice() {
  auto user = person("u-alice", "Alice@example.com");
  user.claims = R"({"name":"Alice Example","given_name":"Alice","phone_number":"+49 30 5550100",)"
                R"("phone_number_verified":true,"address":{"formatted":"1 Street"}})";
  return user;
}

inline oidc::model::Grant grant_of(const oidc::model::Client& client,
                                   std::string scope = "openid profile email") {
  oidc::model::Grant grant;
  grant.id = 77;
  grant.user_id = "u-alice";
  grant.subject = "u-alice";
  grant.client_id = client.client_id;
  grant.session_id = 5;
  grant.scope = std::move(scope);
  grant.auth_time = kNow - std::chrono::minutes(2);
  grant.amr = "pwd";
  grant.acr = "urn:latchkey:acr:pwd";
  grant.sid = "sid-1";
  return grant;
}

}  // namespace samples

#include "oidc/model/client.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::model;

TEST_CASE("Client authentication methods have the names of RFC 7591") {
  for (const auto method :
       {ClientAuthMethod::none, ClientAuthMethod::client_secret_basic,
        ClientAuthMethod::client_secret_post, ClientAuthMethod::client_secret_jwt,
        ClientAuthMethod::private_key_jwt}) {
    CHECK(parse_client_auth_method(to_string(method)) == method);
  }
  CHECK(to_string(ClientAuthMethod::client_secret_basic) == "client_secret_basic");
  for (const char* name : {"", "NONE", "tls_client_auth", "basic"}) {
    CHECK_FALSE(parse_client_auth_method(name));
  }
}

TEST_CASE("Client: public, grant types and name") {
  CHECK_FALSE(samples::web().is_public());
  CHECK(samples::spa().is_public());
  CHECK(samples::web().has_grant_type("refresh_token"));
  CHECK_FALSE(samples::web().has_grant_type("refresh"));
  CHECK_FALSE(samples::web().has_grant_type("client_credentials"));
  auto client = samples::web();
  CHECK(client.display_name() == "Web");
  client.client_name.clear();
  CHECK(client.display_name() == "web");
}

TEST_CASE("Client: what a fresh one may do is little") {
  const Client client;
  CHECK(client.grant_types == std::vector<std::string>{"authorization_code"});
  CHECK(client.response_types == std::vector<std::string>{"code"});
  CHECK(client.pkce_required);
  CHECK_FALSE(client.first_party);
}

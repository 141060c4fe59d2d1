#include "oidc/metadata/client_credentials.h"

#include <set>

#include "oidc/client_auth/client_auth.h"
#include "tests/support/catch.h"

using namespace oidc::metadata;
using oidc::ClientSecret;
using oidc::model::Client;
using oidc::model::ClientAuthMethod;

namespace {

std::expected<std::string, std::string> seal(std::string_view client_id, const ClientSecret& key) {
  return "sealed for " + std::string(client_id) + ": " + key.reveal();
}

Client with(ClientAuthMethod method) {
  Client client;
  client.client_id = "c1";
  client.token_endpoint_auth_method = method;
  return client;
}

}  // namespace

TEST_CASE("make_client_id: random, and no option of a command line") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = make_client_id();
    CHECK(id.size() == 22);
    CHECK(id.front() != '-');
    CHECK(seen.insert(id).second);
  }
}

TEST_CASE("issue_client_secret: kept as the method needs it") {
  for (const auto method :
       {ClientAuthMethod::client_secret_basic, ClientAuthMethod::client_secret_post}) {
    auto client = with(method);
    client.client_secret_sealed = "old";
    const auto secret = issue_client_secret(client, seal);
    REQUIRE(secret);
    CHECK(secret->reveal().size() == 43);
    CHECK(client.client_secret_digest == oidc::client_auth::client_secret_digest(secret->reveal()));
    CHECK(client.client_secret_sealed.empty());
  }
  auto client = with(ClientAuthMethod::client_secret_jwt);
  client.client_secret_digest = "old";
  const auto secret = issue_client_secret(client, seal);
  REQUIRE(secret);
  CHECK(client.client_secret_digest.empty());
  CHECK(client.client_secret_sealed == "sealed for c1: " + secret->reveal());
  for (const auto method : {ClientAuthMethod::none, ClientAuthMethod::private_key_jwt}) {
    auto without = with(method);
    without.client_secret_digest = without.client_secret_sealed = "old";
    const auto nothing = issue_client_secret(without, seal);
    REQUIRE(nothing);
    CHECK(nothing->empty());
    CHECK(without.client_secret_digest.empty());
    CHECK(without.client_secret_sealed.empty());
  }
}

TEST_CASE("issue_client_secret: no sealing, no client_secret_jwt") {
  auto client = with(ClientAuthMethod::client_secret_jwt);
  CHECK_FALSE(issue_client_secret(client, {}));
  CHECK_FALSE(issue_client_secret(client, [](std::string_view, const ClientSecret&) {
    return std::expected<std::string, std::string>(std::unexpected("no key"));
  }));
  CHECK(client.client_secret_sealed.empty());
}

TEST_CASE("keep_client_secret: only between methods that keep it in the same form") {
  using enum ClientAuthMethod;
  const auto kept = [](ClientAuthMethod from, ClientAuthMethod to) {
    auto old = with(from);
    const auto secret = issue_client_secret(old, seal);
    REQUIRE(secret);
    auto client = with(to);
    const bool taken = keep_client_secret(client, old);
    CHECK((taken ? client.client_secret_digest == old.client_secret_digest &&
                       client.client_secret_sealed == old.client_secret_sealed
                 : client.client_secret_digest.empty() && client.client_secret_sealed.empty()));
    return taken;
  };
  CHECK(kept(client_secret_basic, client_secret_post));
  CHECK(kept(client_secret_jwt, client_secret_jwt));
  CHECK_FALSE(kept(client_secret_basic, client_secret_jwt));
  CHECK_FALSE(kept(client_secret_jwt, client_secret_post));
  CHECK_FALSE(kept(none, client_secret_basic));
  CHECK_FALSE(kept(client_secret_basic, none));
  CHECK_FALSE(kept(client_secret_basic, private_key_jwt));
  CHECK_FALSE(kept(private_key_jwt, client_secret_basic));
}

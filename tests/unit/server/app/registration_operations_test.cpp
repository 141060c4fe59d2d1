#include <nlohmann/json.hpp>

#include "oidc/crypto/opaque_credential.h"
#include "server/admin/command_line.h"
#include "server/admin/operations.h"
#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

using namespace app_test;
using namespace server::admin;
using nlohmann::json;
using oidc::ClientSecret;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

struct Desk : World {
  oidc::TimePoint now = clock_now();

  auto token(NewInitialAccess input) {
    return run(add_initial_access(*store, std::move(input), actor, now));
  }
  auto client(const char* metadata, oidc::metadata::Features features = {}) {
    NewClient input{.metadata_json = metadata, .features = std::move(features)};
    input.seal_client_secret = [this](std::string_view id, const ClientSecret& secret) {
      return std::expected<std::string, std::string>(keys->seal_client_secret(id, secret));
    };
    return run(add_client(*store, std::move(input), actor, now));
  }
};

}  // namespace

TEST_CASE("add_initial_access: shown once, stored as a digest") {
  Desk desk;
  const auto added = desk.token({.uses = 3, .lifetime = hours(2), .label = "shop"});
  REQUIRE(added);
  const auto parsed = oidc::crypto::parse_credential(oidc::crypto::CredentialKind::initial_access,
                                                     added->text.reveal());
  REQUIRE(parsed);
  CHECK(parsed->row == added->token.stored.row);
  const auto listed = run(desk.store->list_initial_access(parsed->row - 1, 1));
  REQUIRE((listed && listed->size() == 1));
  CHECK(listed->front().stored.digest == parsed->digest);
  const auto shown = describe(listed->front(), desk.now);
  CHECK(shown["id"] == std::to_string(parsed->row));
  CHECK(shown["label"] == "shop");
  CHECK(shown["uses_left"] == 3);
  CHECK(shown["state"] == "usable");
  CHECK(shown.dump().find(parsed->digest) == std::string::npos);
  CHECK(shown.dump().find(added->text.reveal()) == std::string::npos);
}

TEST_CASE("add_initial_access: limits") {
  Desk desk;
  for (const auto& input :
       {NewInitialAccess{.uses = 0}, NewInitialAccess{.uses = 1'000'001},
        NewInitialAccess{.lifetime = seconds(59)}, NewInitialAccess{.lifetime = hours(24 * 3651)},
        NewInitialAccess{.label = std::string(201, 'x')}, NewInitialAccess{.label = "\xff"}}) {
    CHECK_FALSE(desk.token(input));
  }
  CHECK(run(desk.store->list_initial_access(0, 10))->empty());
}

TEST_CASE("state_of: revoked before expired before used up") {
  const auto now = clock_now();
  server::store::InitialAccessToken token{.uses_left = 1, .expires_at = now + hours(1)};
  CHECK(state_of(token, now) == "usable");
  token.uses_left = 0;
  CHECK(state_of(token, now) == "used up");
  token.expires_at = now;
  CHECK(state_of(token, now) == "expired");
  token.revoked_at = now;
  CHECK(state_of(token, now) == "revoked");
}

TEST_CASE("add_client: a secret that signs is sealed, not hashed") {
  Desk desk;
  const char* metadata = R"({"redirect_uris":["https://rp.test/cb"],)"
                         R"("token_endpoint_auth_method":"client_secret_jwt"})";
  const auto added = desk.client(metadata);
  REQUIRE(added);
  const auto stored = run(desk.store->find_client(added->client.client_id, desk.now));
  REQUIRE((stored && *stored));
  CHECK((*stored)->client_secret_digest.empty());
  const auto opened =
      desk.keys->open_client_secret(added->client.client_id, (*stored)->client_secret_sealed);
  REQUIRE(opened);
  CHECK(opened->reveal() == added->secret.reveal());
  CHECK_FALSE(run(add_client(*desk.store, {.metadata_json = metadata}, desk.actor, desk.now)));
}

TEST_CASE("add_client: what the switches allow") {
  Desk desk;
  const char* hybrid =
      R"({"redirect_uris":["https://rp.test/cb"],"response_types":["code id_token"]})";
  CHECK_FALSE(desk.client(hybrid));
  CHECK(desk.client(hybrid, {.allow_implicit = true}));
  const char* unsigned_tokens =
      R"({"redirect_uris":["https://rp.test/cb"],"id_token_signed_response_alg":"none"})";
  CHECK_FALSE(desk.client(unsigned_tokens));
  CHECK(desk.client(unsigned_tokens, {.allow_unsigned = true}));
  // A typing mistake is said; registration over the network leaves such words out.
  CHECK_FALSE(desk.client(R"({"redirect_uris":["https://rp.test/cb"],"scope":"openid emial"})"));
}

TEST_CASE("command_groups: client and user") {
  const auto groups = command_groups();
  for (const char* name : {"client", "user"}) {
    CHECK(std::ranges::find(groups, name) != groups.end());
  }
}

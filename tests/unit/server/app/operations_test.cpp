#include "server/admin/operations.h"

#include <nlohmann/json.hpp>

#include "oidc/client_auth/client_auth.h"
#include "server/admin/ready_configuration.h"
#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

using namespace server::admin;
using app_test::run;
using app_test::World;
using nlohmann::json;

namespace {

struct Office : World {
  oidc::TimePoint now = app_test::clock_now();

  AdminResult<AddedClient> client(const std::string& metadata, bool first_party = false,
                                  bool pkce_required = true) {
    return run(add_client(*store, {metadata, first_party, pkce_required}, actor, now));
  }
  AdminResult<oidc::model::User> user(std::string email, std::string password = "",
                                      std::string name = "", std::string claims = "") {
    return run(add_user(*store, passwords,
                        {.email = std::move(email),
                         .name = std::move(name),
                         .claims_json = std::move(claims),
                         .password = oidc::Password(std::move(password))},
                        actor, now));
  }
};

constexpr const char* kPassword = "glass otter paints harbour";
constexpr const char* kMetadata =
    R"({"client_name":"Shop","redirect_uris":["https://rp.test/cb"]})";

// One sentence for an operator.
template <class T>
std::string sentence(const AdminResult<T>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().size() > 10);
  return result.error();
}

}  // namespace

TEST_CASE("add_client: a confidential client and its secret, shown once, stored as a digest") {
  Office office;
  const auto added = office.client(kMetadata);
  REQUIRE(added);
  CHECK(added->client.client_id.size() == 22);
  CHECK(added->secret.reveal().size() == 43);
  CHECK(added->client.pkce_required);
  CHECK_FALSE(added->client.first_party);
  const auto stored = run(office.store->find_client(added->client.client_id, office.now));
  REQUIRE((stored && *stored));
  CHECK((*stored)->client_secret_digest ==
        oidc::client_auth::client_secret_digest(added->secret.reveal()));
  const auto shown = describe(added->client, &added->secret);
  CHECK(shown["client_secret"] == added->secret.reveal());
  CHECK(shown["client_secret_expires_at"] == 0);
  CHECK(shown["client_id_issued_at"] == oidc::to_seconds(office.now));
  const auto later = describe(**stored, nullptr).dump();
  CHECK(later.find("secret\"") == std::string::npos);
  CHECK(later.find((*stored)->client_secret_digest) == std::string::npos);
  const auto other = office.client(kMetadata);
  CHECK(other->client.client_id != added->client.client_id);
  CHECK(other->secret.reveal() != added->secret.reveal());
}

TEST_CASE("add_client: public clients have no secret and cannot leave PKCE out") {
  Office office;
  const auto added = office.client(
      R"({"redirect_uris":["https://rp.test/cb"],"token_endpoint_auth_method":"none"})", false,
      false);
  REQUIRE(added);
  CHECK(added->secret.empty());
  CHECK(added->client.client_secret_digest.empty());
  CHECK(added->client.pkce_required);
  CHECK_FALSE(describe(added->client, &added->secret).contains("client_secret"));
  const auto confidential = office.client(kMetadata, true, false);
  REQUIRE(confidential);
  CHECK_FALSE(confidential->client.pkce_required);
  CHECK(confidential->client.first_party);
}

TEST_CASE("add_client: privileges come from the operator, never from the metadata") {
  Office office;
  const auto added = office.client(
      R"({"redirect_uris":["https://rp.test/cb"],"client_id":"demo","client_secret":"mine",)"
      R"("first_party":true,"pkce_required":false,"client_secret_digest":"x"})");
  REQUIRE(added);
  CHECK(added->client.client_id != "demo");
  CHECK(added->secret.reveal() != "mine");
  CHECK_FALSE(added->client.first_party);
  CHECK(added->client.pkce_required);
}

TEST_CASE("add_client: what is wrong is said in a sentence, and nothing is stored") {
  Office office;
  for (const char* metadata :
       {"", "{", "[]", "1", R"({"client_name":"a","client_name":"b"})", R"({})",
        R"({"redirect_uris":["http://rp.test/cb"]})", R"({"redirect_uris":["https://*.rp.test"]})",
        R"({"redirect_uris":["javascript:x"]})", R"({"redirect_uris":["https://rp.test/cb#f"]})",
        R"({"redirect_uris":["https://rp.test/cb"],"grant_types":["password"]})",
        R"({"redirect_uris":["https://rp.test/cb"],"scope":"admin"})",
        R"({"redirect_uris":["https://rp.test/cb"],"logo_uri":"data:x"})"}) {
    CAPTURE(metadata);
    sentence(office.client(metadata));
  }
  sentence(office.client("{\"client_name\":\"" + std::string(70'000, 'x') + "\"}"));
  CHECK(run(office.store->list_clients("", 10))->empty());
}

TEST_CASE("add_user: a person with a password who can then be found") {
  Office office;
  const auto added = office.user(" Alice@Example.com ", kPassword, "Alice",
                                 R"({"locale":"de","name":"Overruled"})");
  REQUIRE(added);
  CHECK(added->id.size() == 22);
  CHECK(added->primary_email() == "Alice@Example.com");
  const auto shown = describe(*added);
  CHECK(shown["sub"] == added->id);
  CHECK(shown["name"] == "Alice");
  CHECK(shown["locale"] == "de");
  CHECK(shown["status"] == "active");
  CHECK(shown["email"] == "Alice@Example.com");
  CHECK(shown["email_verified"] == false);
  CHECK(shown.dump().find("argon2") == std::string::npos);
  const auto found = run(find_user(*office.store, "ALICE@example.com"));
  REQUIRE(found);
  CHECK(found->id == added->id);
  const auto record = run(office.store->find_password("alice@example.com"));
  REQUIRE((record && *record));
  CHECK(run(office.passwords.verify((*record)->phc, oidc::Password(kPassword)))->matches);
}

TEST_CASE("add_user: without a password nothing can be signed in with") {
  Office office;
  REQUIRE(office.user("bob@example.com"));
  const auto record = run(office.store->find_password("bob@example.com"));
  REQUIRE((record && *record));
  CHECK((*record)->phc.empty());
}

TEST_CASE("add_user: two accounts never fold to one address") {
  Office office;
  REQUIRE(office.user("alice@example.com"));
  for (const char* spelling : {"alice@example.com", "ALICE@EXAMPLE.COM", " alice@example.com",
                               "\xef\xbc\xa1lice@example.com"}) {
    CAPTURE(spelling);
    CHECK(sentence(office.user(spelling)).find("already") != std::string::npos);
  }
  CHECK(run(office.store->list_users("", 10))->size() == 1);
}

TEST_CASE("add_user: what is wrong is said in a sentence, and nothing is stored") {
  Office office;
  for (const char* email : {"", "alice", "a b@example.com", "\xc3\xa4@example.com", "a@b@c"}) {
    sentence(office.user(email));
  }
  sentence(office.user("a@example.com", "short"));
  sentence(office.user("a@example.com", std::string(257, 'x')));
  sentence(office.user("a@example.com", "", std::string(201, 'n')));
  sentence(office.user("a@example.com", "", "\xff"));
  for (const char* claims : {"[]", "{", R"({"sub":"x"})", R"({"email":"x@y"})", R"({"role":"x"})",
                             R"({"birthdate":"x"})", R"({"name":"a","name":"b"})"}) {
    CAPTURE(claims);
    sentence(office.user("a@example.com", "", "", claims));
  }
  CHECK(run(office.store->list_users("", 10))->empty());
}

TEST_CASE("change_user: disable, enable, and nobody") {
  Office office;
  REQUIRE(office.user("alice@example.com", kPassword));
  const auto change = [&](const char* email, UserChange what) {
    return run(change_user(*office.store, email, what, office.actor, office.now));
  };
  const auto disabled = change("Alice@example.com", UserChange::disable);
  REQUIRE(disabled);
  CHECK(describe(*disabled)["status"] == "disabled");
  CHECK_FALSE(run(find_user(*office.store, "alice@example.com"))->is_active());
  CHECK(change("alice@example.com", UserChange::sign_out));
  CHECK(change("alice@example.com", UserChange::enable)->is_active());
  CHECK(run(find_user(*office.store, "alice@example.com"))->is_active());
  for (const auto what : {UserChange::disable, UserChange::enable, UserChange::sign_out}) {
    CHECK(sentence(change("nobody@example.com", what)).find("no person") != std::string::npos);
    sentence(change("no address", what));
  }
}

TEST_CASE("set_password: the policy of the pages, and the old one is gone") {
  Office office;
  REQUIRE(office.user("alice@example.com", kPassword));
  const auto set = [&](const char* email, std::string password) {
    return run(set_password(*office.store, office.passwords, email,
                            oidc::Password(std::move(password)), office.actor, office.now));
  };
  sentence(set("alice@example.com", "short"));
  sentence(set("alice@example.com", ""));
  sentence(set("alice@example.com", std::string(300, 'x')));
  sentence(set("nobody@example.com", "lantern under seven boats"));
  REQUIRE(set("ALICE@example.com", "lantern under seven boats"));
  const auto record = run(office.store->find_password("alice@example.com"));
  const auto fits = [&](const char* text) {
    return run(office.passwords.verify((*record)->phc, oidc::Password(text)))->matches;
  };
  CHECK(fits("lantern under seven boats"));
  CHECK_FALSE(fits(kPassword));
  CHECK((*record)->user.credentials_changed_at == office.now);
}

TEST_CASE("Every store fault has its sentence") {
  using server::store::StoreFault;
  for (const auto fault : {StoreFault::conflict, StoreFault::unavailable, StoreFault::overloaded,
                           StoreFault::failed}) {
    CHECK_FALSE(say({fault, "detail"}).empty());
  }
}

TEST_CASE("Ready configurations: every place is filled in") {
  Office office;
  for (const auto product : ready_products()) {
    CAPTURE(std::string(product));
    const auto uri = ready_redirect_uri(product, "https://app.example/");
    REQUIRE(uri);
    CHECK(uri->starts_with("https://app.example/"));
    CHECK(uri->find("//", 8) == std::string::npos);
    const auto added = office.client(json{{"redirect_uris", {*uri}}}.dump());
    REQUIRE(added);
    const auto text =
        ready_configuration(product, "https://id.test", "https://app.example/", *added);
    CHECK(text.find("https://id.test") != std::string::npos);
    CHECK(text.find(added->client.client_id) != std::string::npos);
    CHECK(text.find(added->secret.reveal()) != std::string::npos);
    for (const char* left : {"{issuer}", "{client_id}", "{client_secret}", "{redirect_uri}",
                             "{base}", "{random}", "{{", "}}", "app.example//"}) {
      CHECK(text.find(left) == std::string::npos);
    }
  }
  CHECK_FALSE(ready_redirect_uri("unknown", "https://app.example"));
  CHECK(ready_configuration("unknown", "https://id.test", "", {}).empty());
}

#include <thread>

#include "oidc/interaction/next_step.h"
#include "oidc/jose/jws.h"
#include "server/account/password_sign_in.h"
#include "server/signin/flow.h"
#include "tests/unit/server/app/site_fixture.h"

using namespace app_test;

TEST_CASE("a narrowed refresh that is repeated gets the same successor") {
  Site site;
  Browser browser{site, {}};
  const auto first = json::parse(site.token(redeem(browser.code(site.web.client))).body);
  auto narrow = refresh(first["refresh_token"]);
  narrow.set("scope", "openid email");
  const auto one = site.token(narrow);
  const auto two = site.token(narrow);
  CHECK(one.status == 200);
  CHECK(two.status == 200);
  CHECK(site.userinfo(json::parse(one.body)["access_token"]).status == 200);
}
TEST_CASE("another scope within the grace ends no family") {
  Site site;
  Browser browser{site, {}};
  const auto first = json::parse(site.token(redeem(browser.code(site.web.client))).body);
  const auto one = site.token(refresh(first["refresh_token"]));
  auto wide = refresh(first["refresh_token"]);
  wide.set("scope", "openid phone");
  site.token(wide);
  CHECK(site.userinfo(json::parse(one.body)["access_token"]).status == 200);
}
TEST_CASE("introspection tells the address with the scope email only") {
  Site site;
  Browser browser{site, {}};
  const auto t = json::parse(
      site.token(redeem(browser.code(site.web.client, form({{"scope", "openid"}})))).body);
  CHECK_FALSE(site.introspect(t["access_token"]).contains("username"));
  CHECK_FALSE(site.introspect(t["refresh_token"]).contains("username"));
}
TEST_CASE("a public key altered in the database is not published") {
  World world;
  const auto token = world.keys->sign(oidc::jose::Algorithm::ES256, "JWT", "{}").value();
  const auto attacker = oidc::crypto::PrivateKey::generate(oidc::crypto::KeyType::ec_p256);
  const oidc::jose::Jwk jwk{"attacker", oidc::jose::Algorithm::ES256, "sig", attacker.public_key()};
  app_test::run_sql(world.database, "UPDATE signing_keys SET public_jwk = '" +
                                        oidc::jose::to_json(jwk).dump() + "' WHERE alg = 'ES256'");
  const auto ring =
      run(server::keys::KeyRing::open(*world.store, world.master_key, app_test::clock_now()));
  REQUIRE(ring);
  const auto forged =
      oidc::jose::sign_jws(attacker, oidc::jose::Algorithm::ES256, "attacker", "at+jwt", "{}");
  CHECK_FALSE(oidc::jose::verify_jwt(*forged, *(*ring)->verification_keys()));
  CHECK(oidc::jose::verify_jwt(token, *(*ring)->verification_keys()));
}
TEST_CASE("a key that nobody sealed stops the start") {
  World world;
  const auto attacker = oidc::crypto::PrivateKey::generate(oidc::crypto::KeyType::ec_p256);
  const oidc::jose::Jwk jwk{"attacker", oidc::jose::Algorithm::ES256, "sig", attacker.public_key()};
  app_test::run_sql(world.database,
                    "INSERT INTO signing_keys (kid, alg, state, public_jwk, sealed_private,"
                    " created_at, signs_from) VALUES ('attacker','ES256','verifying','" +
                        oidc::jose::to_json(jwk).dump() + "','',0,0)");
  const auto ring =
      run(server::keys::KeyRing::open(*world.store, world.master_key, app_test::clock_now()));
  CHECK_FALSE(ring);
}
TEST_CASE("a wrong master key seals nothing") {
  World world;
  app_test::run_sql(world.database, "DELETE FROM purpose_keys WHERE purpose = 'device_cookie'");
  CHECK_FALSE(run(server::keys::KeyRing::open(*world.store, server::keys::throwaway_master_key(),
                                              app_test::clock_now())));
  CHECK(run(server::keys::KeyRing::open(*world.store, world.master_key, app_test::clock_now())));
}
TEST_CASE("empty parameters count as absent") {
  Site site;
  Browser browser{site, {}};
  CHECK(path_of(browser.get("/authorize",
                            Browser::request_of(site.web.client, form({{"request", ""}})))) ==
        "/login");
  auto fields = refresh("x");
  fields.set("client_id", site.spa.client.client_id);
  fields.set("client_secret", "");
  CHECK(site.send(Site::post("/token", fields)).status == 400);
  CHECK(site.send(Site::as_basic(Site::post("/token", fields), site.web)).status == 400);
}
TEST_CASE("a known browser gets in while the whole site is attacked") {
  Site site;
  using namespace server::account;
  const auto alice = run(site.store->find_password("alice@example.com")).value().value().user;
  const auto now = app_test::clock_now();
  const auto go = [&](std::string email, std::string password, std::optional<DeviceCookie> device) {
    return run(attempt_password(*site.store, site.passwords, site.keys->purpose_key("throttle"),
                                {.account = 3, .address = 50, .site = 5},
                                {.email = email,
                                 .password = oidc::Password(password),
                                 .client_address = "192.0.2." + std::to_string(email.size()),
                                 .device = device},
                                now));
  };
  for (int i = 0; i < 5; ++i) go("n" + std::string(i, 'x') + "@example.com", "wrong", {});
  CHECK(std::holds_alternative<Accepted>(
      go("alice@example.com", kPassword, DeviceCookie{"d", alice.id, now})));
}
TEST_CASE("a request that is too large is refused with its state") {
  Site site;
  Browser browser{site, {}};
  const auto r =
      browser.get("/authorize",
                  Browser::request_of(site.web.client, form({{"nonce", std::string(2000, 'n')},
                                                             {"state", std::string(3500, 's')}})));
  CHECK(path_of(r) == "https://rp.test/cb");
  CHECK(query_of(r).get("error") == "invalid_request");
  CHECK(query_of(r).has("state"));
}
TEST_CASE("a large request survives a wrong password") {
  Site site;
  int dead = 0, tried = 0;
  for (std::size_t n = 4000; n < 5400; n += 20) {
    Browser browser{site, {}};
    const auto login = browser.get(
        "/authorize",
        Browser::request_of(site.web.client, form({{"nonce", std::string(1500, 'n')},
                                                   {"state", std::string(n - 1500, 's')}})));
    if (path_of(login) != "/login") continue;
    ++tried;
    const auto again =
        browser.sign_in(login, "a-rather-long-address-of-somebody@subdomain.example.com", "wrong");
    if (path_of(again) == "/login" && browser.get("/login", query_of(again)).status != 200) ++dead;
  }
  CHECK(tried > 0);
  CHECK(dead == 0);
}
TEST_CASE("a large sign-out request can be confirmed") {
  Site site;
  Browser browser{site, {}};
  const auto tokens = json::parse(site.token(redeem(browser.code(site.web.client))).body);
  const auto page = browser.get("/logout", form({{"client_id", site.web.client.client_id},
                                                 {"state", std::string(4090, 's')},
                                                 {"ui_locales", std::string(1500, 'x')}}));
  REQUIRE(page.status == 200);
  const auto at = page.body.find("name=\"t\" value=\"");
  REQUIRE(at != std::string::npos);
  const auto t = page.body.substr(at + 16, page.body.find('"', at + 16) - at - 16);
  CHECK(browser.submit("/logout", form({{"t", t}})).status != 403);
}
TEST_CASE("failures of one IPv6 network count as one source") {
  Site site;
  for (int i = 0; i < 300; ++i) {
    auto request = Site::as_basic(Site::post("/token", refresh("x")), site.web);
    request.client_address = "2001:db8::" + std::to_string(i);
    site.send(std::move(request));
  }
  CHECK(site.failures.size() <= 100);
}
TEST_CASE("max_age counts on a page left open") {
  Site site;
  const auto now = app_test::clock_now();
  const auto client = site.web.client;
  oidc::request::AuthorizationRequest request{
      .redirect_uri =
          oidc::request::validate_redirect_uri(client, "https://rp.test/cb", now).value(),
      .client_id = client.client_id,
      .scopes = {"openid"}};
  request.max_age_s = 300;
  oidc::model::Browser b;
  b.sessions.resize(1);
  b.sessions[0].session.auth_time = now - std::chrono::hours(10);
  CHECK(std::holds_alternative<oidc::interaction::SignInStep>(
      oidc::interaction::next_step({.request = request,
                                    .client = client,
                                    .browser = &b,
                                    .started_at = now - std::chrono::hours(11),
                                    .now = now,
                                    .consent_given = true})));
}
TEST_CASE("consent shows what is not stored yet") {
  Site site;
  Browser browser{site, {}};
  const auto consent = browser.sign_in(
      browser.get("/authorize",
                  Browser::request_of(site.web.client, form({{"scope", "openid phone address"}}))));
  const auto page = browser.get("/consent", query_of(consent));
  CHECK(page.body.find("phone") != std::string::npos);
  CHECK(page.body.find("nothing stored yet") != std::string::npos);
}

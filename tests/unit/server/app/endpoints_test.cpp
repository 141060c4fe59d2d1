// What applications call: /token, /userinfo, /introspect, /revoke.
#include "tests/unit/server/app/site_fixture.h"

using namespace app_test;

TEST_CASE("Token: a code is used once, and a replay ends what it gave") {
  Site site;
  Browser browser{site, {}};
  const auto code = browser.code(site.web.client);
  const auto first = json::parse(site.token(redeem(code)).body);
  REQUIRE(first.contains("access_token"));
  const auto second = site.token(redeem(code));
  CHECK(second.status == 400);
  CHECK(error_of(second) == "invalid_grant");
  CHECK(site.introspect(first["access_token"])["active"] == false);
  CHECK(site.introspect(first["refresh_token"])["active"] == false);
  CHECK(site.userinfo(first["access_token"]).status == 401);
  CHECK(error_of(site.token(refresh(first["refresh_token"]))) == "invalid_grant");
}

TEST_CASE("Token: strangers get nothing and burn nothing") {
  Site site;
  Browser browser{site, {}};
  const auto code = browser.code(site.web.client);
  auto stranger = redeem(code);
  stranger.set("client_id", site.evil.client.client_id);
  stranger.set("client_secret", site.evil.secret.reveal());
  CHECK(error_of(site.send(Site::post("/token", stranger))) == "invalid_grant");
  auto by_name = redeem(code);
  by_name.set("client_id", site.spa.client.client_id);
  CHECK(error_of(site.send(Site::post("/token", by_name))) == "invalid_grant");
  for (const char* name : {"redirect_uri", "code_verifier"}) {
    auto without = redeem(code);
    without.erase(name);
    CHECK(error_of(site.token(without)) == "invalid_grant");
    without.set(name, "https://rp.test/CB-and-43-characters-of-something-else");
    CHECK(error_of(site.token(without)) == "invalid_grant");
  }
  CHECK(site.token(redeem(code)).status == 200);
}

TEST_CASE("Token: client authentication") {
  Site site;
  const auto status = [&](Request request) {
    const auto response = site.send(std::move(request));
    CHECK(response.get("Cache-Control") == "no-store");
    if (response.status == 401) CHECK(response.get("WWW-Authenticate")->starts_with("Basic "));
    return std::to_string(response.status) + " " + error_of(response);
  };
  const auto fields = refresh("x");
  auto both = fields;
  both.set("client_secret", "x");
  CHECK(status(Site::as_basic(Site::post("/token", both), site.web)) == "400 invalid_request");
  auto by_name = fields;
  by_name.set("client_id", site.web.client.client_id);
  CHECK(status(Site::post("/token", by_name)) == "401 invalid_client");
  auto in_body = by_name;
  in_body.set("client_secret", site.web.secret.reveal());
  CHECK(status(Site::post("/token", in_body)) == "401 invalid_client");
  CHECK(status(Site::as_basic(Site::post("/token", fields), site.evil)) == "401 invalid_client");
  CHECK(status(Site::post("/token", fields)) == "401 invalid_client");
  CHECK(status(Site::as_basic(Site::post("/token", fields), site.web)) == "400 invalid_grant");
  auto two_headers = Site::as_basic(Site::post("/token", fields), site.web);
  two_headers.headers.push_back(two_headers.headers.back());
  CHECK(status(std::move(two_headers)) == "400 invalid_request");
}

TEST_CASE("Token: parameters") {
  Site site;
  const auto answer = [&](std::string body, std::string query = "", std::string type = kForm) {
    auto request = Site::as_basic(Site::post("/token", {}), site.web);
    request.headers.front().second = std::move(type);
    request.body = std::move(body);
    request.query = std::move(query);
    const auto response = site.send(std::move(request));
    CHECK(response.status == 400);
    return error_of(response);
  };
  CHECK(answer("") == "invalid_request");
  CHECK(answer("grant_type=") == "invalid_request");
  for (const char* type : {"client_credentials", "password", "implicit", "AUTHORIZATION_CODE",
                           "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"}) {
    CHECK(answer("grant_type=" + std::string(type)) == "unsupported_grant_type");
  }
  CHECK(answer("grant_type=refresh_token&grant_type=refresh_token") == "invalid_request");
  CHECK(answer("grant_type=authorization_code&code=a&code=b") == "invalid_request");
  CHECK(answer("grant_type=authorization_code&code[]=a") == "invalid_request");
  CHECK(answer("grant_type=refresh_token&refresh_token=x", "client_secret=x") == "invalid_request");
  CHECK(answer("{}", "", "application/json") == "invalid_request");
  CHECK(answer("grant_type=%zz") == "invalid_request");
  CHECK(answer("grant_type=refresh_token%00") == "invalid_request");
  CHECK(answer("grant_type=%ff") == "invalid_request");
  CHECK(answer("grant_type=authorization_code") == "invalid_request");
  CHECK(answer("grant_type=authorization_code&code=lkc_x") == "invalid_grant");
}

TEST_CASE("Refresh: rotation, the same again, and the end of the family") {
  Site site;
  Browser browser{site, {}};
  const auto first = json::parse(site.token(redeem(browser.code(site.web.client))).body);
  const std::string old = first["refresh_token"];
  const auto second = json::parse(site.token(refresh(old)).body);
  REQUIRE(second.contains("refresh_token"));
  const std::string next = second["refresh_token"];
  CHECK(next != old);
  // An answer that was lost: the same successor within the grace.
  CHECK(json::parse(site.token(refresh(old)).body)["refresh_token"] == next);
  const auto third = json::parse(site.token(refresh(next)).body);
  REQUIRE(third.contains("refresh_token"));
  // The successor was used, so the first token is a stolen one now.
  CHECK(error_of(site.token(refresh(old))) == "invalid_grant");
  CHECK(error_of(site.token(refresh(third["refresh_token"]))) == "invalid_grant");
  CHECK(site.userinfo(third["access_token"]).status == 401);
}

TEST_CASE("Refresh: strangers, wider scopes, and people who are gone") {
  Site site;
  Browser browser{site, {}};
  const auto first = json::parse(site.token(redeem(browser.code(site.web.client))).body);
  auto stranger = refresh(first["refresh_token"]);
  stranger.set("client_id", site.evil.client.client_id);
  stranger.set("client_secret", site.evil.secret.reveal());
  CHECK(error_of(site.send(Site::post("/token", stranger))) == "invalid_grant");
  auto wider = refresh(first["refresh_token"]);
  wider.set("scope", "openid phone");
  CHECK(error_of(site.token(wider)) == "invalid_scope");
  auto narrower = refresh(first["refresh_token"]);
  narrower.set("scope", "openid");
  const auto second = json::parse(site.token(narrower).body);
  CHECK(second["scope"] == "openid");
  // The next one has what was granted again (RFC 6749 §6).
  const auto third = json::parse(site.token(refresh(second["refresh_token"])).body);
  CHECK(third["scope"] == "openid email offline_access");
  REQUIRE(run(server::admin::change_user(*site.store, "alice@example.com",
                                         server::admin::UserChange::disable, site.actor,
                                         app_test::clock_now())));
  CHECK(error_of(site.token(refresh(third["refresh_token"]))) == "invalid_grant");
  CHECK(site.userinfo(third["access_token"]).status == 401);
  CHECK(site.introspect(third["access_token"]) == json{{"active", false}});
}

TEST_CASE("Refresh: a confidential client needs its secret") {
  Site site;
  Browser browser{site, {}};
  const auto first = json::parse(site.token(redeem(browser.code(site.web.client))).body);
  auto fields = refresh(first["refresh_token"]);
  fields.set("client_id", site.web.client.client_id);
  CHECK(site.send(Site::post("/token", fields)).status == 401);
  CHECK(site.token(refresh(first["refresh_token"])).status == 200);
}

TEST_CASE("Userinfo and introspection: one kind of token, one client") {
  Site site;
  Browser browser{site, {}};
  const auto tokens = json::parse(site.token(redeem(browser.code(site.web.client))).body);
  for (const auto& wrong :
       {tokens["id_token"].get<std::string>(), tokens["refresh_token"].get<std::string>(),
        std::string("x.y.z"), tokens["access_token"].get<std::string>() + "A"}) {
    const auto response = site.userinfo(wrong);
    CHECK(response.status == 401);
    CHECK(response.get("WWW-Authenticate")->find("error=\"invalid_token\"") != std::string::npos);
  }
  Request bare;
  bare.path = "/userinfo";
  const auto challenge = site.send(std::move(bare));
  CHECK(challenge.status == 401);
  CHECK(challenge.get("WWW-Authenticate") == "Bearer realm=\"latchkey\"");

  for (const char* kind : {"access_token", "refresh_token", "id_token"}) {
    auto fields = form({{"token", tokens[kind]},
                        {"client_id", site.evil.client.client_id},
                        {"client_secret", site.evil.secret.reveal()}});
    const auto told = site.send(Site::post("/introspect", fields));
    CHECK(told.status == 200);
    CHECK(json::parse(told.body) == json{{"active", false}});
    // Of a stranger's token nothing is said and nothing is done.
    const auto revoked = site.send(Site::post("/revoke", fields));
    CHECK(revoked.status == 200);
  }
  CHECK(site.userinfo(tokens["access_token"]).status == 200);
  auto by_name =
      form({{"token", tokens["access_token"]}, {"client_id", site.spa.client.client_id}});
  CHECK(site.send(Site::post("/introspect", by_name)).status == 401);
  CHECK(site.send(Site::post("/introspect", form({{"token", "x"}}))).status == 401);
}

TEST_CASE("Revocation: an access token alone, a refresh token with its family") {
  Site site;
  Browser browser{site, {}};
  const auto tokens = json::parse(site.token(redeem(browser.code(site.web.client))).body);
  const auto revoke = [&](const std::string& text) {
    return site.send(Site::as_basic(Site::post("/revoke", form({{"token", text}})), site.web))
        .status;
  };
  CHECK(revoke("unknown") == 200);
  CHECK(revoke(tokens["access_token"]) == 200);
  CHECK(site.userinfo(tokens["access_token"]).status == 401);
  const auto second = json::parse(site.token(refresh(tokens["refresh_token"])).body);
  REQUIRE(second.contains("access_token"));
  CHECK(revoke(second["refresh_token"]) == 200);
  CHECK(site.userinfo(second["access_token"]).status == 401);
  CHECK(error_of(site.token(refresh(second["refresh_token"]))) == "invalid_grant");
}

TEST_CASE("Failures carry an event id that the log and the ring know too") {
  Site site;
  const auto response = site.token(refresh("x"));
  const auto description = json::parse(response.body)["error_description"].get<std::string>();
  const auto events = site.failures.take(10);
  REQUIRE(events.size() == 1);
  CHECK(description.find("(" + events[0].id + ")") != std::string::npos);
  CHECK(events[0].rule == "refresh_token");
  CHECK(events[0].client_id == site.web.client.client_id);
}

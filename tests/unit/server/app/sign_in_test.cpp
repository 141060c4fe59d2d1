// The browser's way: /authorize, /login, /consent, /logout.
#include "tests/unit/server/app/site_fixture.h"

using namespace app_test;

TEST_CASE("Endpoints: from /authorize to /userinfo") {
  Site site;
  Browser browser{site, {}};
  const auto login = browser.get("/authorize", Browser::request_of(site.web.client));
  CHECK(login.status == 303);
  CHECK(path_of(login) == "/login");
  CHECK(browser.get("/login", query_of(login)).status == 200);
  CHECK_FALSE(browser.cookies.contains("__Host-latchkey_session"));
  const auto consent = browser.sign_in(login);
  CHECK(browser.cookies.contains("__Host-latchkey_session"));
  CHECK(browser.cookies.contains("__Host-latchkey_device"));
  CHECK(browser.get("/consent", query_of(consent)).status == 200);
  const auto back = browser.allow(consent);
  CHECK(path_of(back) == "https://rp.test/cb");

  const auto answer = site.token(redeem(*query_of(back).get("code")));
  REQUIRE(answer.status == 200);
  CHECK(answer.get("Cache-Control") == "no-store");
  const auto tokens = json::parse(answer.body);
  CHECK(tokens["token_type"] == "Bearer");
  CHECK(tokens["scope"] == "openid email offline_access");
  const auto person = site.userinfo(tokens["access_token"]);
  CHECK(person.status == 200);
  CHECK(json::parse(person.body)["email"] == "alice@example.com");
  CHECK(site.introspect(tokens["access_token"])["active"] == true);
  // What was allowed is remembered.
  CHECK(query_of(browser.get("/authorize",
                             Browser::request_of(site.web.client, form({{"prompt", "none"}}))))
            .has("code"));
}

TEST_CASE("Authorize: errors stay here until the redirect URI is known to be the client's") {
  Site site;
  Browser browser{site, {}};
  struct Row {
    Form query;
    int status;
    const char* error;  // empty: a page of ours
  };
  const auto of = [&](std::initializer_list<std::pair<const char*, std::string>> changes) {
    return Browser::request_of(site.web.client, form(changes));
  };
  const Row rows[] = {
      {form({{"client_id", "nope"}, {"redirect_uri", "https://evil.test"}}), 400, ""},
      {Form(), 400, ""},
      {of({{"redirect_uri", "https://evil.test"}, {"response_type", "zzz"}}), 400, ""},
      {of({{"redirect_uri", "https://evil.test"}, {"prompt", "none"}}), 400, ""},
      {of({{"redirect_uri", ""}}), 400, ""},
      {of({{"response_type", "zzz"}}), 303, "unsupported_response_type"},
      {of({{"request", "x"}}), 303, "invalid_request_object"},
      {of({{"request_uri", "https://canary.test"}}), 303, "invalid_request_uri"},
      {of({{"code_challenge", ""}}), 303, "invalid_request"},
      {of({{"code_challenge_method", "plain"}}), 303, "invalid_request"},
      {of({{"prompt", "none"}}), 303, "login_required"},
      {of({{"id_token_hint", "x.y.z"}}), 303, "invalid_request"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.query.encode());
    const auto response = browser.get("/authorize", row.query);
    CHECK(response.status == row.status);
    CHECK(response.get("Cache-Control") == "no-store");
    if (row.status == 400) {
      CHECK_FALSE(response.get("Location"));
      continue;
    }
    CHECK(path_of(response) == "https://rp.test/cb");
    const auto query = query_of(response);
    CHECK(query.get("error") == row.error);
    CHECK(query.get("state") == "st");
    CHECK(query.get("iss") == "https://id.test");
    CHECK_FALSE(query.has("code"));
  }
  // Where its answer would have stood.
  const auto implicit = browser.get("/authorize", of({{"response_type", "token"}}));
  CHECK(implicit.status == 303);
  CHECK(implicit.get("Location")
            .value_or("")
            .starts_with("https://rp.test/cb#error=unsupported_response_type&"));
}

TEST_CASE("Sign-in: a form that is not our own changes nothing") {
  Site site;
  Browser alice{site, {}};
  Browser mallory{site, {}};
  const auto login = mallory.get("/authorize", Browser::request_of(site.web.client));
  const auto fields = form({{"t", *query_of(login).get("t")},
                            {"email", "mallory@example.com"},
                            {"password", kPassword}});
  // Mallory's page, sent from alice's browser; then cross-site from Mallory's own.
  const auto shown = alice.submit("/login", fields);
  CHECK(path_of(shown) == "/login");
  CHECK_FALSE(alice.cookies.contains("__Host-latchkey_session"));
  auto foreign = Site::post("/login", fields);
  foreign.headers.emplace_back("origin", "https://evil.test");
  CHECK(path_of(mallory.visit(std::move(foreign))) == "/login");
  CHECK_FALSE(mallory.cookies.contains("__Host-latchkey_session"));
  // The step that is shown again is bound to alice's browser, and works there.
  CHECK(path_of(alice.sign_in(shown)) == "/consent");
}

TEST_CASE("Sign-in: unknown, wrong and disabled look alike") {
  Site site;
  REQUIRE(run(server::admin::change_user(*site.store, "mallory@example.com",
                                         server::admin::UserChange::disable, site.actor,
                                         app_test::clock_now())));
  for (const auto& [email, password] :
       {std::pair{"nobody@example.com", kPassword}, std::pair{"alice@example.com", "wrong"},
        std::pair{"mallory@example.com", kPassword}, std::pair{"no address", "x"}}) {
    CAPTURE(email);
    Browser browser{site, {}};
    const auto answer = browser.sign_in(
        browser.get("/authorize", Browser::request_of(site.web.client)), email, password);
    CHECK(answer.status == 303);
    CHECK(path_of(answer) == "/login");
    CHECK(answer.headers().size() == 2);  // Location and Cache-Control
    CHECK(browser.cookies.size() == 1);
  }
}

TEST_CASE("Consent: only for the browser, the session and the decision that were shown") {
  Site site;
  Browser alice{site, {}};
  const auto consent = alice.sign_in(alice.get("/authorize", Browser::request_of(site.web.client)));
  const auto t = *query_of(consent).get("t");
  // A GET approves nothing, nor does another decision, another browser or another origin.
  CHECK(alice.get("/consent", form({{"t", t}, {"decision", "allow"}})).status == 200);
  CHECK(path_of(alice.submit("/consent", form({{"t", t}, {"decision", "yes"}}))) == "/consent");
  CHECK(path_of(alice.submit("/consent", form({{"t", t}}))) == "/consent");
  auto foreign = Site::post("/consent", form({{"t", t}, {"decision", "allow"}}));
  foreign.headers.emplace_back("origin", "https://evil.test");
  CHECK(path_of(alice.visit(std::move(foreign))) == "/consent");
  Browser mallory{site, {}};
  CHECK(path_of(mallory.submit("/consent", form({{"t", t}, {"decision", "allow"}}))) == "/login");
  CHECK(alice.submit("/consent", form({{"t", t + "A"}, {"decision", "allow"}})).status == 403);
  // The seal of a sign-in page names no session, so it cannot consent.
  Browser other{site, {}};
  const auto login = other.get("/authorize", Browser::request_of(site.web.client));
  CHECK(path_of(other.submit("/consent", form({{"t", *query_of(login).get("t")},
                                               {"decision", "allow"}}))) == "/login");
  const auto denied = alice.submit("/consent", form({{"t", t}, {"decision", "deny"}}));
  CHECK(query_of(denied).get("error") == "access_denied");
  CHECK(query_of(alice.allow(consent)).has("code"));
}

TEST_CASE("Sign-out: asked, or on the word of a hint for this very browser") {
  Site site;
  Browser browser{site, {}};
  const auto tokens = json::parse(
      site.token(redeem(browser.code(site.web.client, form({{"scope", "openid email"}})))).body);
  const auto with_hint = form({{"id_token_hint", tokens["id_token"]},
                               {"post_logout_redirect_uri", "https://rp.test/bye"},
                               {"state", "s"}});
  // Without a hint, from a foreign page: a question, and nothing ends.
  CHECK(browser.get("/logout").status == 200);
  CHECK(browser.cookies.contains("__Host-latchkey_session"));
  CHECK(site.userinfo(tokens["access_token"]).status == 200);
  // The hint is of another browser's session: a question there.
  Browser mallory{site, {}};
  mallory.sign_in(mallory.get("/authorize", Browser::request_of(site.web.client)),
                  "mallory@example.com");
  CHECK(mallory.get("/logout", with_hint).status == 200);
  CHECK(mallory.cookies.contains("__Host-latchkey_session"));
  for (const auto& [name, value] :
       {std::pair{"post_logout_redirect_uri", "https://evil.test"}, std::pair{"client_id", "other"},
        std::pair{"id_token_hint", "x.y.z"}}) {
    auto broken = with_hint;
    broken.set(name, value);
    const auto refused = browser.get("/logout", broken);
    CHECK(refused.status == 400);
    CHECK_FALSE(refused.get("Location"));
  }
  const auto cookies = browser.cookies;
  const auto done = browser.get("/logout", with_hint);
  CHECK(done.get("Location") == "https://rp.test/bye?state=s");
  CHECK_FALSE(browser.cookies.contains("__Host-latchkey_session"));
  // On the server too: the old cookie and what hung from the session are dead.
  browser.cookies = cookies;
  CHECK(query_of(browser.get("/authorize",
                             Browser::request_of(site.web.client, form({{"prompt", "none"}}))))
            .get("error") == "login_required");
  CHECK(site.userinfo(tokens["access_token"]).status == 401);
  CHECK(error_of(site.token(refresh(tokens["refresh_token"]))) == "invalid_grant");
}

TEST_CASE("Sessions: a new cookie at each sign-in, and the old one is dead") {
  Site site;
  Browser browser{site, {}};
  browser.code(site.web.client);
  const auto before = browser.cookies["__Host-latchkey_session"];
  const auto again =
      browser.get("/authorize", Browser::request_of(site.web.client, form({{"prompt", "login"}})));
  CHECK(path_of(again) == "/login");
  CHECK(query_of(browser.sign_in(again)).has("code"));
  CHECK(browser.cookies["__Host-latchkey_session"] != before);
  browser.cookies["__Host-latchkey_session"] = before;
  CHECK(path_of(browser.get("/authorize", Browser::request_of(site.web.client))) == "/login");
}

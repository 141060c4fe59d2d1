// Each aggregate is read back as it was written, and unique values are unique.
#include "tests/store/store_fixture.h"

using namespace store_test;

TEST_CASE("a client is read back as it was written", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  Client client = sample_client("c1");
  client.application_type = oidc::model::ApplicationType::native;
  client.token_endpoint_auth_method = oidc::model::ClientAuthMethod::client_secret_post;
  client.redirect_uris = {{"https://App.example:443/cb", std::nullopt},
                          {"http://127.0.0.1:8123/cb", kNow + hours(1)},
                          {"com.example.app:/cb", std::nullopt},
                          {"https://old.example/cb", kNow - hours(1)}};
  client.post_logout_redirect_uris = {"https://app.example/bye"};
  client.scope = "openid email";
  client.contacts = {"a@example.com"};
  client.default_max_age_s = 600;
  client.require_auth_time = true;
  client.default_acr_values = {"1"};
  client.client_uri = "https://app.example/";
  client.first_party = true;
  client.pkce_required = false;
  client.id_token_signed_response_alg = "ES256";
  CHECK(run(store->find_client("c1", kNow)).value() == nullptr);
  REQUIRE(run(store->insert_client(client, kActor, kNow)));

  const auto found = run(store->find_client("c1", kNow)).value();
  REQUIRE(found != nullptr);
  CHECK(found->client_name == client.client_name);
  CHECK(found->application_type == client.application_type);
  CHECK(found->token_endpoint_auth_method == client.token_endpoint_auth_method);
  CHECK(found->client_secret_digest == client.client_secret_digest);
  REQUIRE(found->redirect_uris.size() == 3);  // the expired one is gone
  CHECK(found->redirect_uris[1].expires_at == kNow + hours(1));
  CHECK(found->redirect_uris[2].uri == "com.example.app:/cb");
  CHECK(found->post_logout_redirect_uris == client.post_logout_redirect_uris);
  CHECK(found->grant_types == client.grant_types);
  CHECK(found->scope == client.scope);
  CHECK(found->contacts == client.contacts);
  CHECK(found->default_max_age_s == client.default_max_age_s);
  CHECK(found->require_auth_time);
  CHECK(found->default_acr_values == client.default_acr_values);
  CHECK(found->client_uri == client.client_uri);
  CHECK(found->first_party);
  CHECK_FALSE(found->pkce_required);
  CHECK(found->id_token_signed_response_alg == "ES256");
  CHECK(found->created_at == kNow);

  const auto again = run(store->insert_client(client, kActor, kNow));
  REQUIRE_FALSE(again);
  CHECK(again.error().fault == StoreFault::conflict);
  CHECK(again.error().detail.find("digest-of") == std::string::npos);

  const auto has = [&](const std::string& origin) {
    return run(store->has_client_origin(origin, kNow)).value();
  };
  CHECK(has("https://app.example"));
  CHECK(has("http://127.0.0.1:8123"));
  CHECK_FALSE(has("http://127.0.0.1"));
  CHECK_FALSE(has("https://old.example"));
  CHECK_FALSE(has("null"));
  CHECK_FALSE(has(""));
  CHECK(run(store->has_client_origin("http://127.0.0.1:8123", kNow + hours(2))).value() == false);

  REQUIRE(run(store->insert_client(sample_client("c2"), kActor, kNow)));
  CHECK(run(store->list_clients("", 10)).value().size() == 2);
  CHECK(run(store->list_clients("c1", 10)).value().at(0).client_id == "c2");
  CHECK(run(store->list_clients("", 1)).value().size() == 1);

  CHECK(run(store->remove_client("c1", kActor, kNow)).value());
  CHECK_FALSE(run(store->remove_client("c1", kActor, kNow)).value());
  CHECK(run(store->find_client("c1", kNow)).value() == nullptr);
  CHECK_FALSE(has("http://127.0.0.1:8123"));
  CHECK(has("https://app.example"));  // of c2
}

TEST_CASE("a client changed by another node is seen within a second", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto here = database.open();
  const auto there = database.open();
  REQUIRE(run(here->insert_client(sample_client("c1"), kActor, kNow)));
  REQUIRE(run(here->find_client("c1", kNow)).value() != nullptr);
  REQUIRE(run(there->remove_client("c1", kActor, kNow)).value());
  std::this_thread::sleep_for(milliseconds(1'050));
  CHECK(run(here->find_client("c1", kNow)).value() == nullptr);
}

TEST_CASE("a person is read back as they were written", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  NewUser command = sample_user("u1", "ada@example.com");
  command.user.emails.push_back({"Second@example.com", "second@example.com", false});
  command.user.claims = R"({"name":"Ada \u00e9 ☃"})";
  REQUIRE(run(store->insert_user(command, kActor, kNow)));

  const auto user = run(store->find_user("u1")).value();
  REQUIRE(user);
  CHECK(user->claims == command.user.claims);
  CHECK(user->is_active());
  REQUIRE(user->emails.size() == 2);
  CHECK(user->primary_email() == "ada@example.com");
  CHECK(user->emails[1].address == "Second@example.com");
  CHECK_FALSE(user->emails[1].verified);
  CHECK(user->created_at == kNow);
  CHECK_FALSE(run(store->find_user("u2")).value());

  const auto record = run(store->find_password("second@example.com")).value();
  REQUIRE(record);
  CHECK(record->user.id == "u1");
  CHECK(record->phc == kHash);
  CHECK(record->authenticator_id != 0);
  CHECK_FALSE(run(store->find_password("nobody@example.com")).value());

  const auto twin = run(store->insert_user(sample_user("u2", "ada@example.com"), kActor, kNow));
  REQUIRE_FALSE(twin);
  CHECK(twin.error().fault == StoreFault::conflict);
  CHECK(twin.error().detail.find("ada@") == std::string::npos);
  CHECK_FALSE(run(store->find_user("u2")).value());  // nothing of it is left

  NewUser plain = sample_user("u3", "plain@example.com");
  plain.password_phc.clear();
  REQUIRE(run(store->insert_user(plain, kActor, kNow)));
  CHECK(run(store->find_password("plain@example.com")).value()->authenticator_id == 0);
  CHECK(run(store->set_password("u3", kHash, kActor, kNow + seconds(5))).value());
  CHECK(run(store->find_password("plain@example.com")).value()->phc == kHash);
  CHECK(run(store->find_user("u3")).value()->credentials_changed_at == kNow + seconds(5));
  CHECK_FALSE(run(store->set_password("nobody", kHash, kActor, kNow)).value());
  CHECK(run(store->list_users("", 10)).value().size() == 2);
  CHECK(run(store->list_users("u1", 10)).value().at(0).id == "u3");
  // So many people, however many addresses they have; and one without any is a person too.
  RawDatabase(database.url()).run_sql("DELETE FROM user_emails WHERE user_id = 'u3'");
  const auto people = run(store->list_users("", 2)).value();
  REQUIRE(people.size() == 2);
  CHECK(people[0].emails.size() == 2);
  CHECK(people[0].primary_email() == "ada@example.com");
  CHECK(people[1].emails.empty());
  CHECK(run(store->find_user("u3")).value()->emails.empty());
}

TEST_CASE("sessions move to the new cookie and keep their sid", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto first = sign_in_sample(*store, "a");
  const auto loaded = run(store->load_browser(first.browser.stored, hours(12), kNow)).value();
  REQUIRE(loaded);
  REQUIRE(loaded->sessions.size() == 1);
  CHECK(loaded->sessions[0].session.sid == first.sid);
  CHECK(loaded->sessions[0].session.amr == "pwd");
  CHECK(loaded->sessions[0].user.primary_email() == "a@example.com");

  // Another account in the same browser.
  REQUIRE(run(store->insert_user(sample_user("u2", "b@example.com"), kActor, kNow)));
  auto second = sign_in_command(*store, "u2", "b@example.com");
  second.old_browser = first.browser.stored.row;
  second.auth_time = kNow + seconds(10);
  second.new_phc = kHash + "x";
  REQUIRE(run(store->sign_in(second, kActor, kNow + seconds(10))) == SignInOutcome::signed_in);
  CHECK(run(store->find_password("b@example.com")).value()->phc == kHash + "x");
  CHECK_FALSE(run(store->load_browser(first.browser.stored, hours(12), kNow)).value());
  auto both = run(store->load_browser(second.new_browser, hours(12), kNow + seconds(10))).value();
  REQUIRE(both);
  REQUIRE(both->sessions.size() == 2);
  CHECK(both->sessions[0].session.sid == second.sid);  // last signed in first
  CHECK(both->sessions[1].session.sid == first.sid);
  CHECK(both->sessions[1].session.id == first.session_id);

  // The first account again: same session, newer authentication.
  auto third = sign_in_command(*store, first.user_id, "a@example.com");
  third.old_browser = second.new_browser.row;
  third.auth_time = kNow + seconds(20);
  REQUIRE(run(store->sign_in(third, kActor, kNow + seconds(20))) == SignInOutcome::signed_in);
  both = run(store->load_browser(third.new_browser, hours(12), kNow + seconds(20))).value();
  REQUIRE(both->sessions.size() == 2);
  CHECK(both->sessions[0].session.sid == first.sid);
  CHECK(both->sessions[0].session.auth_time == kNow + seconds(20));

  // A wrong secret for the right row, idle and absolute ends.
  auto forged = third.new_browser;
  forged.digest = second.new_browser.digest;
  CHECK_FALSE(run(store->load_browser(forged, hours(12), kNow)).value());
  const auto later = kNow + hours(13);
  CHECK(run(store->load_browser(third.new_browser, hours(12), later)).value()->sessions.empty());
  CHECK_FALSE(run(store->load_browser(third.new_browser, hours(12), kNow + days(31))).value());

  REQUIRE(run(store->end_sessions(third.new_browser.row, {first.session_id}, kActor, later)));
  CHECK(run(store->load_browser(third.new_browser, hours(24), later)).value()->sessions.size() ==
        1);
}

TEST_CASE("signing in fails when the account changed meanwhile", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  REQUIRE(run(store->insert_user(sample_user("u1", "a@example.com"), kActor, kNow)));
  auto command = sign_in_command(*store, "u1", "a@example.com");
  command.expected_phc = "another";
  CHECK(run(store->sign_in(command, kActor, kNow)) == SignInOutcome::account_changed);
  CHECK_FALSE(run(store->load_browser(command.new_browser, hours(12), kNow)).value());
  command.expected_phc = kHash;
  REQUIRE(run(store->set_user_status("u1", UserStatus::disabled, kActor, kNow)).value());
  CHECK(run(store->sign_in(command, kActor, kNow)) == SignInOutcome::account_changed);
  REQUIRE(run(store->set_user_status("u1", UserStatus::active, kActor, kNow)).value());
  CHECK(run(store->sign_in(command, kActor, kNow)) == SignInOutcome::signed_in);
  CHECK_FALSE(run(store->set_user_status("u9", UserStatus::active, kActor, kNow)).value());
}

TEST_CASE("failures, keys and ping", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  CHECK(run(store->ping()));
  FailureRow row{"E1",   kNow, "token",     "code.used", "unused",
                 "used", "c1", "192.0.2.1", "/token",    400};
  REQUIRE(run(store->insert_failures({row, row})));
  const auto found = run(store->find_failure("E1")).value();
  REQUIRE(found);
  CHECK(found->rule == "code.used");
  CHECK(found->status == 400);
  CHECK(found->at == kNow);
  CHECK_FALSE(run(store->find_failure("E2")).value());

  CHECK(run(store->list_signing_keys()).value().empty());
  const SigningKeyRow key{"kid1", "RS256", "active", "{}", "sealed", kNow, kNow, kNow + days(1)};
  CHECK(run(store->ensure_signing_keys({key}, kActor, kNow)).value().size() == 1);
  auto other = key;
  other.kid = "kid2";
  const auto keys = run(store->ensure_signing_keys({other}, kActor, kNow)).value();
  REQUIRE(keys.size() == 1);
  CHECK(keys[0].kid == "kid1");
  CHECK(keys[0].verifies_until == kNow + days(1));
  CHECK(run(store->ensure_purpose_keys({{"p1", "seal", "x", kNow}})).value().size() == 1);
  CHECK(run(store->ensure_purpose_keys({{"p2", "seal", "x", kNow}, {"p3", "throttle", "y", kNow}}))
            .value()
            .size() == 2);
}

TEST_CASE("row keys rise and are unique over two stores", "[store]") {
  const Database database(Backend::sqlite);
  const auto one = database.open();
  const auto two = database.open();
  std::vector<std::int64_t> rows;
  for (int i = 0; i < 20'000; ++i) {
    rows.push_back(one->next_row());
    rows.push_back(two->next_row());
    if (i > 0) REQUIRE(rows[rows.size() - 2] > rows[rows.size() - 4]);
  }
  std::ranges::sort(rows);
  CHECK(std::ranges::adjacent_find(rows) == rows.end());
  CHECK(rows.front() > 0);
}

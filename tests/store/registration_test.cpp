// Clients that register themselves: initial access tokens, quarantine, updates; pushed requests and
// assertions.
#include "tests/store/store_fixture.h"

using namespace store_test;

namespace {

InitialAccessToken initial_token(Store& store, std::int64_t uses) {
  InitialAccessToken token;
  token.stored = make_credential(CredentialKind::initial_access, 1, store.next_row()).stored;
  token.label = "for tests";
  token.uses_left = token.uses_total = uses;
  token.expires_at = kNow + days(1);
  return token;
}

RegisterClient stranger(const std::string& id, std::int64_t most) {
  RegisterClient command;
  command.client = sample_client(id);
  command.client.quarantined = true;
  command.most_quarantined = most;
  return command;
}

std::string counted(const Database& database) {
  return RawDatabase(database.url())
      .run_sql("SELECT value FROM meta WHERE name = 'quarantined_clients'");
}

}  // namespace

TEST_CASE("every field of a registered client is read back", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  RegisterClient command = stranger("c1", 5);
  Client& client = command.client;
  client.token_endpoint_auth_method = oidc::model::ClientAuthMethod::client_secret_jwt;
  client.token_endpoint_auth_signing_alg = "HS256";
  client.client_secret_sealed = "c2VhbGVk";
  client.registration_access_token_digest = "registration digest";
  client.subject_type = oidc::model::SubjectType::pairwise;
  client.sector_identifier_uri = "https://sector.example/uris.json";
  client.sector_identifier = "sector.example";
  client.jwks = R"({"keys":[]})";
  client.request_uris = {"https://app.example/request#1"};
  client.require_signed_request_object = true;
  client.require_pushed_authorization_requests = true;
  client.userinfo_signed_response_alg = "ES256";
  client.request_object_signing_alg = "PS256";
  client.initiate_login_uri = "https://app.example/start";
  client.frontchannel_logout_uri = "https://app.example/front";
  client.frontchannel_logout_session_required = true;
  client.backchannel_logout_uri = "https://app.example/back";
  client.backchannel_logout_session_required = true;
  client.software_id = "software";
  client.created_at = kNow - days(9);
  REQUIRE(run(store->register_client(command, kActor, kNow)) == RegisterOutcome::registered);

  const auto check = [&](const Client& found) {
    CHECK(found.token_endpoint_auth_method == client.token_endpoint_auth_method);
    CHECK(found.token_endpoint_auth_signing_alg == "HS256");
    CHECK(found.client_secret_digest == client.client_secret_digest);
    CHECK(found.client_secret_sealed == "c2VhbGVk");
    CHECK(found.registration_access_token_digest == "registration digest");
    CHECK(found.subject_type == oidc::model::SubjectType::pairwise);
    CHECK(found.sector_identifier_uri == client.sector_identifier_uri);
    CHECK(found.sector_identifier == "sector.example");
    CHECK(found.jwks == client.jwks);
    CHECK(found.request_uris == client.request_uris);
    CHECK(found.require_signed_request_object);
    CHECK(found.require_pushed_authorization_requests);
    CHECK(found.userinfo_signed_response_alg == "ES256");
    CHECK(found.request_object_signing_alg == "PS256");
    CHECK(found.initiate_login_uri == client.initiate_login_uri);
    CHECK(found.frontchannel_logout_uri == client.frontchannel_logout_uri);
    CHECK(found.frontchannel_logout_session_required);
    CHECK(found.backchannel_logout_uri == client.backchannel_logout_uri);
    CHECK(found.backchannel_logout_session_required);
    CHECK(found.software_id == "software");
    CHECK(found.quarantined);
    CHECK(found.created_at == kNow);
    REQUIRE(found.redirect_uris.size() == 1);
    CHECK(found.redirect_uris[0].uri == "https://app.example/cb");
  };
  check(*run(store->find_client("c1", kNow)).value());
  check(run(store->list_clients("", 5)).value().at(0));
  // Pages of a stranger's origin read no answers.
  CHECK_FALSE(run(store->has_client_origin("https://app.example", kNow)).value());
}

TEST_CASE("an update replaces what a client may change, and is seen at once", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  Client client = sample_client("c1");
  client.pkce_required = false;
  client.registration_access_token_digest = "first";
  REQUIRE(run(store->insert_client(client, kActor, kNow)));
  REQUIRE(run(store->find_client("c1", kNow)).value() != nullptr);

  Client next = sample_client("c1");
  next.client_name = "Renamed";
  next.client_secret_digest = "another digest";
  next.client_secret_sealed = "sealed";
  next.registration_access_token_digest = "second";
  next.redirect_uris = {{"https://new.example/a", std::nullopt},
                        {"https://new.example/b", std::nullopt}};
  next.first_party = next.quarantined = true;
  next.created_at = kNow + days(1);
  next.updated_at = kNow;
  CHECK(run(store->update_client(next, kActor, kNow + seconds(5))).value() ==
        UpdateOutcome::updated);
  const auto found = run(store->find_client("c1", kNow)).value();
  REQUIRE(found != nullptr);
  CHECK(found->client_name == "Renamed");
  CHECK(found->client_secret_digest == "another digest");
  CHECK(found->client_secret_sealed == "sealed");
  CHECK(found->registration_access_token_digest == "second");
  REQUIRE(found->redirect_uris.size() == 2);
  CHECK(found->redirect_uris[1].uri == "https://new.example/b");
  CHECK_FALSE(found->first_party);
  CHECK_FALSE(found->quarantined);
  CHECK_FALSE(found->pkce_required);
  CHECK(found->created_at == kNow);
  CHECK(run(store->has_client_origin("https://new.example", kNow)).value());
  CHECK_FALSE(run(store->has_client_origin("https://app.example", kNow)).value());

  next.token_endpoint_auth_method = oidc::model::ClientAuthMethod::none;
  next.redirect_uris.clear();
  // What was read is out of date, and then it is not, though the clock was set back.
  CHECK(run(store->update_client(next, kActor, kNow)).value() == UpdateOutcome::changed);
  CHECK(run(store->find_client("c1", kNow)).value()->redirect_uris.size() == 2);
  next.updated_at = found->updated_at;
  CHECK(run(store->update_client(next, kActor, kNow)).value() == UpdateOutcome::updated);
  CHECK(run(store->find_client("c1", kNow)).value()->updated_at > found->updated_at);
  CHECK(run(store->find_client("c1", kNow)).value()->pkce_required);
  CHECK(run(store->find_client("c1", kNow)).value()->redirect_uris.empty());

  CHECK(run(store->update_client(sample_client("c2"), kActor, kNow)).value() ==
        UpdateOutcome::no_such_client);
  CHECK(run(store->remove_client("c1", kActor, kNow)).value());
  CHECK(run(store->update_client(next, kActor, kNow)).value() == UpdateOutcome::no_such_client);
  CHECK(run(store->find_client("c1", kNow)).value() == nullptr);
}

TEST_CASE("the operator verifies a client that a stranger registered", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  RegisterClient command;
  command.client = sample_client("c1");
  command.client.quarantined = true;
  command.most_quarantined = 1;
  REQUIRE(run(store->register_client(command, kActor, kNow)).value() ==
          RegisterOutcome::registered);
  const auto read = run(store->find_client("c1", kNow)).value();
  REQUIRE(read->quarantined);
  CHECK(run(store->verify_client("c1", kActor, kNow)).value() == VerifyOutcome::verified);
  CHECK(run(store->verify_client("c1", kActor, kNow)).value() == VerifyOutcome::was_verified);
  CHECK(run(store->verify_client("c2", kActor, kNow)).value() == VerifyOutcome::no_such_client);
  CHECK_FALSE(run(store->find_client("c1", kNow)).value()->quarantined);
  RawDatabase raw(database.url());
  CHECK(raw.count("audit WHERE action = 'client.verify' AND subject = 'c1'") == 1);
  // Its place is free, the clean-up leaves it alone, and what was read before is out of date.
  command.client.client_id = "c3";
  CHECK(run(store->register_client(command, kActor, kNow)).value() == RegisterOutcome::registered);
  run(store->remove_expired(kNow + days(30), 100, days(7))).value();
  CHECK(run(store->find_client("c1", kNow)).value() != nullptr);
  CHECK(run(store->find_client("c3", kNow)).value() == nullptr);
  CHECK(run(store->update_client(*read, kActor, kNow)).value() == UpdateOutcome::changed);
  CHECK(run(store->remove_client("c1", kActor, kNow)).value());
  CHECK(raw.run_sql("SELECT value FROM meta WHERE name = 'quarantined_clients'") == "0");
}

TEST_CASE("an initial access token registers as often as it says", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto token = initial_token(*store, 2);
  REQUIRE(run(store->insert_initial_access(token, kActor, kNow)));
  int made = 0;
  const auto attempt = [&](const OpaqueCredential& with, TimePoint now = kNow) {
    RegisterClient command;
    command.client = sample_client("c" + std::to_string(++made));
    command.initial_access = with;
    const auto outcome = run(store->register_client(command, kActor, now)).value();
    const bool there = run(store->find_client(command.client.client_id, now)).value() != nullptr;
    CHECK(there == (outcome == RegisterOutcome::registered));
    return outcome;
  };
  auto forged = token.stored;
  forged.digest = make_credential(CredentialKind::initial_access, 1, 1).stored.digest;
  CHECK(attempt(forged) == RegisterOutcome::token_refused);
  CHECK(attempt({12345, 1, token.stored.digest}) == RegisterOutcome::token_refused);
  CHECK(attempt(token.stored, token.expires_at) == RegisterOutcome::token_refused);
  CHECK(attempt(token.stored) == RegisterOutcome::registered);
  // An id that exists already uses nothing up.
  RegisterClient twin;
  twin.client = sample_client("c" + std::to_string(made));
  twin.initial_access = token.stored;
  CHECK(run(store->register_client(twin, kActor, kNow)).error().fault == StoreFault::conflict);
  const auto listed = run(store->list_initial_access(0, 10)).value();
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].stored.row == token.stored.row);
  CHECK(listed[0].stored.digest == token.stored.digest);
  CHECK(listed[0].label == "for tests");
  CHECK(listed[0].uses_left == 1);
  CHECK(listed[0].uses_total == 2);
  CHECK(listed[0].created_at == kNow);
  CHECK(listed[0].expires_at == token.expires_at);
  CHECK_FALSE(listed[0].revoked_at);
  CHECK(attempt(token.stored) == RegisterOutcome::registered);
  CHECK(attempt(token.stored) == RegisterOutcome::token_refused);

  const auto other = initial_token(*store, 9);
  REQUIRE(run(store->insert_initial_access(other, kActor, kNow)));
  CHECK(run(store->list_initial_access(token.stored.row, 10)).value().size() == 1);
  CHECK(run(store->revoke_initial_access(other.stored.row, kActor, kNow)).value());
  CHECK(run(store->revoke_initial_access(other.stored.row, kActor, kNow + hours(1))).value());
  CHECK_FALSE(run(store->revoke_initial_access(12345, kActor, kNow)).value());
  CHECK(run(store->list_initial_access(token.stored.row, 10)).value().at(0).revoked_at == kNow);
  CHECK(attempt(other.stored) == RegisterOutcome::token_refused);

  RawDatabase raw(database.url());
  CHECK(raw.count("audit WHERE action = 'client.register'") == 2);
  CHECK(raw.count("audit WHERE action = 'initial_access.revoke'") == 1);
  CHECK(counted(database) == "0");
  REQUIRE(run(store->remove_expired(kNow + days(90), 100)));
  CHECK(raw.count("initial_access_tokens") == 0);  // used up, and revoked
}

TEST_CASE("strangers register up to a number, and make room by going", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  for (int i = 0; i < 3; ++i) {
    const auto outcome =
        run(store->register_client(stranger("s" + std::to_string(i), 3), kActor, kNow));
    CHECK(outcome == RegisterOutcome::registered);
  }
  CHECK(run(store->register_client(stranger("s3", 3), kActor, kNow)) == RegisterOutcome::full);
  CHECK(run(store->find_client("s3", kNow)).value() == nullptr);
  REQUIRE(run(store->insert_client(sample_client("operator"), kActor, kNow)));
  CHECK(counted(database) == "3");
  CHECK(run(store->remove_client("s0", kActor, kNow)).value());
  CHECK(run(store->remove_client("operator", kActor, kNow)).value());
  CHECK(counted(database) == "2");
  CHECK(run(store->register_client(stranger("s3", 3), kActor, kNow)) ==
        RegisterOutcome::registered);
  // An id is never given again.
  const auto again = run(store->register_client(stranger("s0", 9), kActor, kNow));
  REQUIRE_FALSE(again);
  CHECK(again.error().fault == StoreFault::conflict);
  CHECK(counted(database) == "3");
}

TEST_CASE("unverified clients that nobody uses go", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  for (const char* id : {"never", "once", "often"}) {
    REQUIRE(run(store->register_client(stranger(id, 9), kActor, kNow)) ==
            RegisterOutcome::registered);
  }
  REQUIRE(run(store->insert_client(sample_client("verified"), kActor, kNow)));
  REQUIRE(run(store->note_client_use("once", kNow + days(1))));
  for (int day = 1; day < 9; ++day) {
    REQUIRE(run(store->note_client_use("often", kNow + days(day))));
  }
  const auto there = [&](const char* id) {
    return run(store->find_client(id, kNow)).value() != nullptr;
  };
  CHECK(run(store->remove_expired(kNow + days(7) - milliseconds(1), 100, days(7))).value() == 0);
  CHECK(there("never"));
  CHECK(run(store->remove_expired(kNow + days(7), 100, days(7))).value() == 1);
  CHECK_FALSE(there("never"));
  CHECK(there("once"));
  CHECK(run(store->remove_expired(kNow + days(8), 100, days(7))).value() == 1);
  CHECK_FALSE(there("once"));
  CHECK(there("often"));
  CHECK(there("verified"));
  CHECK(counted(database) == "1");
  RawDatabase raw(database.url());
  CHECK(raw.count("clients WHERE client_id = 'never' AND metadata = '{}'") == 1);
  CHECK(raw.count("client_redirect_uris WHERE client_id = 'never'") == 0);
  CHECK(raw.count("audit WHERE action = 'client.remove' AND actor = 'server'") == 2);
}

TEST_CASE("use of a client is noted once an hour", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  REQUIRE(run(store->insert_client(sample_client("c1"), kActor, kNow)));
  RawDatabase raw(database.url());
  const auto noted = [&] {
    return raw.run_sql("SELECT COALESCE(last_used_at, 0) FROM clients WHERE client_id = 'c1'");
  };
  const auto millis = [](TimePoint time) { return std::to_string(oidc::to_millis(time)); };
  CHECK(noted() == "0");
  REQUIRE(run(store->note_client_use("c1", kNow)));
  CHECK(noted() == millis(kNow));
  REQUIRE(run(store->note_client_use("c1", kNow + minutes(59))));
  CHECK(noted() == millis(kNow));
  REQUIRE(run(store->note_client_use("c1", kNow + minutes(60))));
  CHECK(noted() == millis(kNow + minutes(60)));
  CHECK(run(store->note_client_use("nobody", kNow)));
}

TEST_CASE("a pushed request is found until it expires or is used", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto who = sign_in_sample(*store, "a");
  PushedRequest request;
  request.stored = make_credential(CredentialKind::pushed_request, 1, store->next_row()).stored;
  request.client_id = who.client_id;
  request.parameters = "scope=openid&state=%E2%98%83";
  request.expires_at = kNow + seconds(90);
  REQUIRE(run(store->insert_pushed_request(request, kNow)));
  const auto found = run(store->find_pushed_request(request.stored, kNow)).value();
  REQUIRE(found);
  CHECK(found->client_id == who.client_id);
  CHECK(found->parameters == request.parameters);
  CHECK(found->expires_at == request.expires_at);
  CHECK_FALSE(run(store->find_pushed_request(request.stored, request.expires_at)).value());
  auto forged = request.stored;
  forged.digest = who.browser.stored.digest;
  CHECK_FALSE(run(store->find_pushed_request(forged, kNow)).value());

  // Somebody else's use changes nothing, neither of the request nor of grants.
  auto command = issue_command(*store, who);
  command.pushed_request = forged;
  CHECK(run(store->issue_code(command, kActor, kNow)) == IssueCodeOutcome::request_used);
  CHECK_FALSE(run(store->load_access(command.grant.id, "j", kNow)).value());
  REQUIRE(run(store->insert_client(sample_client("other"), kActor, kNow)));
  auto thief = who;
  thief.client_id = "other";
  auto stolen = issue_command(*store, thief);
  stolen.pushed_request = request.stored;
  CHECK(run(store->issue_code(stolen, kActor, kNow)) == IssueCodeOutcome::request_used);
  CHECK(run(store->find_pushed_request(request.stored, kNow)).value());

  // The person took longer than it lived.
  const auto late = request.expires_at + minutes(2);
  command.pushed_request = request.stored;
  CHECK(run(store->issue_code(command, kActor, late)) == IssueCodeOutcome::issued);
  CHECK_FALSE(run(store->find_pushed_request(request.stored, kNow)).value());
  auto second = issue_command(*store, who);
  second.pushed_request = request.stored;
  CHECK(run(store->issue_code(second, kActor, late)) == IssueCodeOutcome::request_used);
  REQUIRE(run(store->remove_expired(request.expires_at + days(1), 100)));
  CHECK(RawDatabase(database.url()).count("pushed_requests") == 0);
}

TEST_CASE("an assertion is used once by each client", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto use = [&](const char* client, const std::string& jti) {
    return run(store->use_assertion(client, jti, kNow + minutes(5), kNow)).value();
  };
  CHECK(use("c1", "jti"));
  CHECK_FALSE(use("c1", "jti"));
  CHECK(use("c2", "jti"));
  CHECK(use("c1", "jti2"));
  CHECK(use("c", "1jti"));  // the same text in another pair
  CHECK(use("c1", std::string(5'000, 'x')));
  RawDatabase raw(database.url());
  CHECK(raw.count("client_assertions") == 5);
  CHECK(raw.count("client_assertions WHERE length(digest) = 43") == 5);
  REQUIRE(run(store->remove_expired(kNow + minutes(5) - milliseconds(1), 100)));
  CHECK(raw.count("client_assertions") == 5);
  REQUIRE(run(store->remove_expired(kNow + minutes(5), 100)));
  CHECK(raw.count("client_assertions") == 0);
}

TEST_CASE("what a grant holds besides scopes is read back", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open();
  const auto who = sign_in_sample(*store, "a");
  auto command = issue_command(*store, who);
  command.grant.subject = "pairwise-subject";
  command.grant.claims = R"({"id_token":{"email":null}})";
  command.grant.resources = {"https://api.example/a", "https://api.example/b"};
  command.grant_expires_at = kNow + hours(1);
  const bool with_code = GENERATE(true, false);
  if (!with_code) command.code.reset();
  command.remember_consent = "openid email";
  REQUIRE(run(store->issue_code(command, kActor, kNow)) == IssueCodeOutcome::issued);
  const auto access = run(store->load_access(command.grant.id, "j", kNow)).value();
  REQUIRE(access);
  CHECK(access->live);
  CHECK(access->grant.subject == "pairwise-subject");
  CHECK(access->grant.claims == command.grant.claims);
  CHECK(access->grant.resources == command.grant.resources);
  REQUIRE(access->user.emails.size() == 1);
  CHECK(access->user.primary_email() == "a@example.com");
  RawDatabase raw(database.url());
  CHECK(raw.count("authorization_codes") == (with_code ? 1 : 0));
  CHECK(raw.run_sql("SELECT expires_at FROM grants") ==
        std::to_string(oidc::to_millis(kNow + hours(1))));
  CHECK(run(store->find_consent(who.user_id, who.client_id)).value() == "openid email");
  if (!with_code) return;
  const auto code = run(store->load_code(command.code->stored, kNow)).value();
  CHECK(code->grant.subject == "pairwise-subject");
  // Single claims of the ID token need the addresses at a refresh too.
  const auto refresh = refresh_for(*store, command.grant);
  REQUIRE(
      run(store->redeem_code({command.code->stored.row, command.grant.id, who.client_id, refresh},
                             kActor, kNow)) == RedeemOutcome::redeemed);
  CHECK(run(store->load_refresh(refresh.stored, kNow)).value()->user.emails.size() == 1);
  const auto plain = issue_refresh(*store, who);
  const auto record = run(store->load_refresh(plain.refresh.stored, kNow)).value();
  CHECK(record->grant.subject == who.user_id);
  CHECK(record->grant.resources.empty());
}

// The ladder: forward only, checksummed, the same in both dialects; old rows stay readable.
#include "server/store/sql/migration.h"

#include <fstream>
#include <regex>
#include <sstream>

#include "server/store/sql/postgresql_executor.h"
#include "server/store/sql/sqlite_executor.h"
#include "server/store/sql/sqlite_file.h"
#include "tests/store/store_fixture.h"

using namespace store_test;

namespace {

std::unique_ptr<sql::Connection> connect(const Database& database) {
  if (database.backend() == Backend::postgresql) {
    return sql::open_postgresql_connection(sql::with_connect_defaults(database.url()), seconds(5));
  }
  sql::prepare_sqlite_file(database.url().substr(7));
  return sql::open_sqlite_connection(database.url().substr(7), false);
}

std::string text_of(const std::string& path) {
  const auto root = std::filesystem::path(LATCHKEY_SOURCE_DIR);
  std::ifstream file(root / path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string message_of(const Database& database) {
  try {
    database.open();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return {};
}

// What a program of that step left behind.
void fill_as_of(const Database& database, std::size_t step, const std::string& file) {
  const auto connection = connect(database);
  auto steps = sql::schema_steps(embedded_schema::files(), connection->dialect());
  steps.resize(step);
  sql::migrate(*connection, steps, kNow);
  const std::string rows = text_of(file);
  REQUIRE_FALSE(rows.empty());
  connection->run_script(rows);
}

}  // namespace

TEST_CASE("a newer or altered database stops the start", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  database.open();
  database.open();  // a second start changes nothing
  RawDatabase raw(database.url());
  CHECK(raw.count("schema_migrations") ==
        static_cast<std::int64_t>(
            sql::schema_steps(embedded_schema::files(), sql::Dialect::sqlite).size()));
  SECTION("newer") {
    raw.run_sql(
        "INSERT INTO schema_migrations (number, name, checksum, applied_at)"
        " VALUES (9999, 'x', 'x', 0)");
    CHECK(message_of(database).find("newer") != std::string::npos);
  }
  SECTION("altered") {
    raw.run_sql("UPDATE schema_migrations SET checksum = 'x' WHERE number = 1");
    CHECK(message_of(database).find("another text") != std::string::npos);
  }
}

TEST_CASE("many nodes that start at once migrate once", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  std::vector<std::thread> threads;
  std::atomic<int> opened{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        database.open(seconds(20), 2);
        ++opened;
      } catch (const std::exception&) {
        // Counted below.
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(opened == 4);
}

TEST_CASE("a step that fails changes nothing", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto connection = connect(database);
  auto steps = sql::schema_steps(embedded_schema::files(), connection->dialect());
  steps.push_back({static_cast<std::int64_t>(steps.size()) + 1, "9999_bad.sql",
                   "CREATE TABLE extra (id bigint PRIMARY KEY);\nCREATE TABLE users (id text);\n",
                   "x"});
  CHECK_THROWS_AS(sql::migrate(*connection, steps, kNow), sql::SqlError);
  RawDatabase raw(database.url());
  CHECK_THROWS(raw.count("extra"));
  CHECK_THROWS(raw.count("schema_migrations"));
}

TEST_CASE("both dialects hold the same schema", "[store]") {
  std::map<std::int64_t, std::pair<std::string, std::string>> texts;
  for (const auto& step : sql::schema_steps(embedded_schema::files(), sql::Dialect::sqlite)) {
    texts[step.number].first = step.script;
  }
  for (const auto& step : sql::schema_steps(embedded_schema::files(), sql::Dialect::postgresql)) {
    texts[step.number].second = step.script;
  }
  const auto plain = [](const std::string& text) {
    const auto no_comments = std::regex_replace(text, std::regex("--[^\n]*"), "");
    const auto types = std::regex_replace(no_comments, std::regex("\\bINTEGER\\b"), "bigint");
    return std::regex_replace(types, std::regex("\\) STRICT;"), ");");
  };
  for (const auto& [number, both] : texts) {
    INFO(number);
    CHECK(plain(both.first) == plain(both.second));
  }
}

TEST_CASE("gaps and repeats in the numbers are found", "[store]") {
  using Files = std::vector<oidc::EmbeddedFile>;
  CHECK(sql::schema_steps(Files{{"0001_a.sqlite.sql", "x"}, {"0001_a.postgresql.sql", "y"}},
                          sql::Dialect::postgresql)
            .at(0)
            .script == "y");
  CHECK_THROWS(sql::schema_steps(Files{{"0002_a.sql", ""}}, sql::Dialect::sqlite));
  CHECK_THROWS(
      sql::schema_steps(Files{{"0001_a.sql", ""}, {"0001_b.sql", ""}}, sql::Dialect::sqlite));
  CHECK_THROWS(sql::schema_steps(Files{{"first.sql", ""}}, sql::Dialect::sqlite));
}

TEST_CASE("rows of schema 1 are read through the store", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  fill_as_of(database, 1, "schema/testdata/0001.sql");
  const auto store = database.open();
  const auto client = run(store->find_client("old-client", kNow)).value();
  REQUIRE(client != nullptr);
  CHECK(client->client_name == "Old application");
  CHECK(client->redirect_uris.size() == 2);
  CHECK(client->has_grant_type("refresh_token"));
  CHECK(run(store->has_client_origin("https://old.example", kNow)).value());
  const auto password = run(store->find_password("old@example.com")).value();
  REQUIRE(password);
  CHECK(password->phc.starts_with("$argon2id$"));
  CHECK(password->user.claims == R"({"name":"Old Person"})");
  const std::string digest(43, 'A');
  const auto browser =
      run(store->load_browser({101, 1, digest}, std::chrono::hours(12), kNow)).value();
  REQUIRE(browser);
  REQUIRE(browser->sessions.size() == 1);
  CHECK(browser->sessions[0].session.sid == "old-sid");
  const auto code = run(store->load_code({401, 1, digest}, kNow)).value();
  REQUIRE(code);
  CHECK(code->grant_live);
  CHECK(code->code.used_at.has_value());
  const auto refresh = run(store->load_refresh({501, 1, digest}, kNow)).value();
  REQUIRE(refresh);
  CHECK(refresh->token.successor_row == 502);
  CHECK_FALSE(refresh->successor_used);
  const auto next = refresh_for(*store, refresh->grant, 502);
  CHECK(run(store->rotate_refresh({502, next, "s"}, kActor, kNow)) == RotateOutcome::rotated);
  CHECK_FALSE(run(store->load_access(301, "old-jti", kNow)).value()->live);
  CHECK(run(store->load_access(301, "new-jti", kNow)).value()->live);
  CHECK(run(store->find_consent("old-user", "old-client")).value() == "openid email");
  CHECK(run(store->list_signing_keys()).value().at(0).kid == "old-kid");
  CHECK_FALSE(run(store->list_signing_keys()).value().at(0).kept_until);
  CHECK(run(store->ensure_purpose_keys({})).value().at(0).purpose == "seal");
  CHECK(run(store->find_failure("OLD1")).value()->status == 400);
  CHECK_FALSE(run(store->reserve_attempt({{"old-bucket", 3}}, minutes(15), kNow)).value().allowed);
  // What came with schema 2.
  CHECK_FALSE(client->quarantined);
  CHECK(client->registration_access_token_digest.empty());
  CHECK(client->subject_type == oidc::model::SubjectType::public_);
  CHECK(refresh->grant.subject == "old-user");
  CHECK(refresh->grant.claims.empty());
  CHECK(refresh->grant.resources.empty());
  const auto served = run(store->end_sessions(101, {201}, kActor, kNow)).value();
  REQUIRE(served.size() == 1);
  CHECK(served[0].client_id == "old-client");
  CHECK(served[0].sid == "old-sid");
  CHECK(served[0].subject == "old-user");
  CHECK(run(store->list_logout_deliveries("", 10)).value().empty());
  SigningKeyRow key{"new-kid", "RS256", "", "{}", "s", kNow, kNow + minutes(5), {}, {}};
  CHECK(run(store->rotate_signing_key(key, kNow + hours(1), kActor, kNow)).value());
}

TEST_CASE("rows of schema 2 are read through the store", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  fill_as_of(database, 2, "schema/testdata/0002.sql");
  const auto store = database.open();
  const auto client = run(store->find_client("pairwise-client", kNow)).value();
  REQUIRE(client != nullptr);
  CHECK(client->sector_identifier == "sector.example");
  CHECK(client->subject_type == oidc::model::SubjectType::pairwise);
  CHECK(client->client_secret_sealed == "c2VhbGVk");
  CHECK(client->registration_access_token_digest == std::string(43, 'C'));
  CHECK(client->request_uris.size() == 1);
  CHECK(client->has_response_type("id_token code"));
  CHECK(client->jwks == R"({"keys":[]})");
  CHECK(run(store->find_client("strange-client", kNow)).value()->quarantined);
  const std::string digest(43, 'A');
  const auto access = run(store->load_access(301, "jti", kNow)).value();
  REQUIRE(access);
  CHECK(access->live);
  CHECK(access->grant.subject == "pairwise-subject");
  CHECK(access->grant.claims == R"({"id_token":{"email":null}})");
  CHECK(access->grant.resources.size() == 2);
  CHECK(access->user.primary_email() == "new@example.com");
  CHECK(run(store->list_initial_access(0, 10)).value().at(0).uses_left == 1);
  RegisterClient command;
  command.client = sample_client("c1");
  command.initial_access = OpaqueCredential{401, 1, digest};
  CHECK(run(store->register_client(command, kActor, kNow)) == RegisterOutcome::registered);
  command = {sample_client("c2"), std::nullopt, 1};
  command.client.quarantined = true;
  CHECK(run(store->register_client(command, kActor, kNow)) == RegisterOutcome::full);
  CHECK(run(store->find_pushed_request({501, 1, digest}, kNow)).value());
  CHECK_FALSE(run(store->find_pushed_request({502, 1, digest}, kNow)).value());
  CHECK_FALSE(
      run(store->use_assertion("pairwise-client", "old-jti", kNow + minutes(1), kNow)).value());
  CHECK(run(store->take_logout_deliveries(10, minutes(1), kNow)).value().at(0).id == 601);
  CHECK(run(store->list_logout_deliveries("delivered", 10)).value().at(0).id == 602);
  const auto served = run(store->end_sessions(101, {201, 202}, kActor, kNow)).value();
  REQUIRE(served.size() == 1);
  CHECK(served[0].subject == "pairwise-subject");
  SigningKeyRow key{"new-kid", "RS256", "", "{}", "s", kNow, kNow + minutes(5), {}, {}};
  CHECK_FALSE(run(store->rotate_signing_key(key, kNow + hours(1), kActor, kNow)).value());
  // What came with schema 3.
  CHECK(client->login_method.empty());
  CHECK_FALSE(client->self_signup);
  CHECK(client->required_acr.empty());
  CHECK(run(store->find_branding("")).value() == nullptr);
  CHECK(run(store->find_user_by_email("new@example.com")).value()->is_active());
  CHECK(run(store->delete_user("new-user", kActor, kNow)).value());
  CHECK_FALSE(run(store->find_user("new-user")).value());
}

TEST_CASE("rows of schema 3 are read through the store", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  fill_as_of(database, 3, "schema/testdata/0003.sql");
  const auto store = database.open();
  const auto client = run(store->find_client("mail-client", kNow)).value();
  REQUIRE(client != nullptr);
  CHECK(client->login_method == "magic_link");
  CHECK(client->self_signup == false);
  CHECK(client->required_acr == "urn:latchkey:mail");
  CHECK_FALSE(run(store->find_user("deleted-user")).value());
  CHECK(run(store->list_users("", 10)).value().size() == 1);
  CHECK(run(store->find_user_by_email("mail@example.com")).value()->id == "mail-user");
  const auto sessions = run(store->list_sessions("mail-user", kNow, hours(12))).value();
  REQUIRE(sessions.size() == 1);
  CHECK(sessions[0].address == "192.0.2.7");
  CHECK(sessions[0].browser == "Firefox on Android");
  const auto allowed = run(store->list_allowed("mail-user")).value();
  REQUIRE(allowed.size() == 1);
  CHECK(allowed[0].client_name == "Mail application");
  const auto challenge = run(store->find_challenge(301, kNow)).value();
  REQUIRE(challenge);
  CHECK(challenge->purpose == oidc::model::ChallengePurpose::reset_password);
  CHECK(challenge->approved_at.has_value());
  CHECK(run(store->try_code(301, "wrong", kNow)) == CodeOutcome::wrong);
  CHECK(run(store->try_code(301, "code-digest", kNow)) == CodeOutcome::closed);
  CHECK_FALSE(run(store->use_challenge(302, kNow)).value());
  CHECK(run(store->reset_password(301, "mail-user", "phc", kActor, kNow)) == AccountOutcome::done);
  const auto taken = run(store->take_mail(10, minutes(1), kNow)).value();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].sealed == "c2VhbGVk");
  CHECK(taken[0].attempts == 2);
  CHECK(run(store->list_mail("bounced", "", 10)).value().at(0).id == 402);
  CHECK(run(store->list_mail("", "stranger@example.com", 10)).value().at(0).state == "decoy");
  CHECK(run(store->list_suppressions("", 10)).value().at(0).reason == "550 no such person");
  const auto history = run(store->list_history("mail-user", 10)).value();
  REQUIRE(history.size() == 2);
  CHECK(history[1].client_id == "mail-client");
  const auto branding = run(store->find_branding("")).value();
  REQUIRE(branding != nullptr);
  CHECK(branding->logo == "GIF89a");
  CHECK(branding->support_url == "https://example.com/help");
}

TEST_CASE("rows of schema 4 are read through the store", "[store]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  fill_as_of(database, 4, "schema/testdata/0004.sql");
  const auto store = database.open();
  const auto refused = run(store->list_refused_sign_ins("attacked-user", 10)).value();
  REQUIRE(refused.size() == 2);
  CHECK(refused[0].method == "throttled");
  CHECK(refused[0].address.empty());
  CHECK(refused[1].method == "pwd");
  CHECK(refused[1].attempts == 7);
  CHECK(refused[1].address == "2001:db8::7");
  CHECK(refused[1].browser == "Firefox on Android");
  CHECK(refused[1].first_at < refused[1].last_at);
}

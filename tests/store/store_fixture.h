// Owns: fresh databases of both kinds, raw access to them past the store, and sample values.
#pragma once
#include <postgresql/libpq-fe.h>
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "oidc/crypto/opaque_credential.h"
#include "server/store/store.h"
#include "tests/support/catch.h"
#include "tests/support/postgres.h"
#include "tests/support/run_task.h"

namespace store_test {

using namespace server::store;
using oidc::crypto::CredentialKind;
using oidc::crypto::make_credential;
using oidc::crypto::NewOpaqueCredential;
using oidc::model::Client;
using oidc::model::Grant;
using oidc::model::User;
using oidc::model::UserStatus;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using support::run;
using support::run_all;

enum class Backend { sqlite, postgresql };

// Statements past the store, as an operator or another program would run them.
class RawDatabase {
 public:
  explicit RawDatabase(const std::string& url) {
    if (url.starts_with("sqlite:")) {
      if (sqlite3_open(url.substr(7).c_str(), &sqlite_) != SQLITE_OK) {
        throw std::runtime_error("sqlite3_open failed");
      }
      sqlite3_busy_timeout(sqlite_, 5'000);
    } else {
      postgres_ = PQconnectdb(url.c_str());
      if (PQstatus(postgres_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(postgres_));
    }
  }
  ~RawDatabase() {
    sqlite3_close(sqlite_);
    PQfinish(postgres_);
  }
  RawDatabase(const RawDatabase&) = delete;

  // Runs one or more statements; the first column of the last row of the last one.
  std::string run_sql(const std::string& sql) {
    std::string value;
    if (sqlite_ != nullptr) {
      const auto keep = [](void* into, int count, char** columns, char**) {
        if (count > 0) *static_cast<std::string*>(into) = columns[0] != nullptr ? columns[0] : "";
        return 0;
      };
      char* message = nullptr;
      if (sqlite3_exec(sqlite_, sql.c_str(), keep, &value, &message) != SQLITE_OK) {
        const std::string text = message != nullptr ? message : "?";
        sqlite3_free(message);
        throw std::runtime_error(text);
      }
      return value;
    }
    PGresult* result = PQexec(postgres_, sql.c_str());
    const auto status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK && PQntuples(result) > 0) {
      value = PQgetvalue(result, PQntuples(result) - 1, 0);
    }
    PQclear(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      throw std::runtime_error(PQerrorMessage(postgres_));
    }
    return value;
  }
  std::int64_t count(const std::string& from_where) {
    return std::stoll(run_sql("SELECT COUNT(*) FROM " + from_where));
  }

 private:
  sqlite3* sqlite_ = nullptr;
  PGconn* postgres_ = nullptr;
};

// An empty database that goes with this value.
class Database {
 public:
  explicit Database(Backend backend) : backend_(backend) {
    static std::atomic<int> counter{0};
    const std::string name = "lk" + std::to_string(++counter);
    if (backend == Backend::postgresql) {
      auto& server = support::shared_postgres();
      RawDatabase(server.url("postgres")).run_sql("CREATE DATABASE " + name);
      url_ = server.url(name);
      return;
    }
    std::string folder = (std::filesystem::temp_directory_path() / "latchkey-db-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = folder;
    url_ = "sqlite:" + folder + "/test.db";
  }
  ~Database() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  Database(const Database&) = delete;

  Backend backend() const { return backend_; }
  const std::string& url() const { return url_; }
  std::unique_ptr<Store> open(milliseconds timeout = seconds(20),
                              std::size_t connections = 6) const {
    StoreOptions options;
    options.database = url_;
    options.connections = connections;
    options.timeout = timeout;
    return Store::open(std::move(options));
  }

 private:
  Backend backend_;
  std::string url_;
  std::string folder_;
};

inline const TimePoint kNow = oidc::from_millis(1'800'000'000'000);
inline const Actor kActor{"operator", "192.0.2.1"};
inline const std::string kHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

inline Client sample_client(const std::string& id) {
  Client client;
  client.client_id = id;
  client.client_name = "Client " + id;
  client.client_secret_digest = "digest-of-" + id;
  client.redirect_uris = {{"https://app.example/cb", std::nullopt}};
  client.grant_types = {"authorization_code", "refresh_token"};
  return client;
}

inline NewUser sample_user(const std::string& id, const std::string& email) {
  NewUser command;
  command.user.id = id;
  command.user.claims = R"({"name":"Ada"})";
  command.user.emails = {{email, email, true}};
  command.password_phc = kHash;
  return command;
}

// A signed-in person and a client, with which codes can be issued.
struct SignedIn {
  std::string user_id, client_id;
  NewOpaqueCredential browser;
  std::int64_t session_id = 0;
  std::string sid;
};

inline SignIn sign_in_command(Store& store, const std::string& user_id,
                              const std::string& email_fold) {
  SignIn command;
  command.new_browser = make_credential(CredentialKind::browser, 1, store.next_row()).stored;
  command.user_id = user_id;
  const auto record = run(store.find_password(email_fold));
  command.authenticator_id = record.value().value().authenticator_id;
  command.expected_phc = record->value().phc;
  command.session_row = store.next_row();
  command.sid = "sid" + std::to_string(command.session_row);
  command.auth_time = kNow;
  command.amr = "pwd";
  command.acr = "1";
  command.expires_at = kNow + days(30);
  return command;
}

inline SignedIn sign_in_sample(Store& store, const std::string& suffix) {
  SignedIn out;
  out.user_id = "user-" + suffix;
  out.client_id = "client-" + suffix;
  const std::string email = suffix + "@example.com";
  REQUIRE(run(store.insert_user(sample_user(out.user_id, email), kActor, kNow)));
  REQUIRE(run(store.insert_client(sample_client(out.client_id), kActor, kNow)));
  auto command = sign_in_command(store, out.user_id, email);
  out.browser = make_credential(CredentialKind::browser, 1, command.new_browser.row);
  command.new_browser = out.browser.stored;
  out.session_id = command.session_row;
  out.sid = command.sid;
  REQUIRE(run(store.sign_in(command, kActor, kNow)) == SignInOutcome::signed_in);
  return out;
}

inline IssueCode issue_command(Store& store, const SignedIn& who, bool offline = false) {
  IssueCode command;
  command.browser_id = who.browser.stored.row;
  Grant& grant = command.grant;
  grant.id = store.next_row();
  grant.user_id = who.user_id;
  grant.client_id = who.client_id;
  grant.session_id = who.session_id;
  grant.scope = offline ? "openid offline_access" : "openid";
  grant.offline_access = offline;
  grant.auth_time = kNow;
  grant.amr = "pwd";
  grant.acr = "1";
  grant.sid = who.sid;
  auto& code = command.code.emplace();
  code.stored = make_credential(CredentialKind::authorization_code, 1, store.next_row()).stored;
  code.grant_id = grant.id;
  code.client_id = who.client_id;
  code.redirect_uri = "https://app.example/cb";
  code.code_challenge = "challenge";
  code.nonce = "n-1";
  code.expires_at = kNow + seconds(60);
  return command;
}

inline oidc::model::RefreshToken refresh_for(Store& store, const Grant& grant,
                                             std::optional<std::int64_t> parent = std::nullopt) {
  oidc::model::RefreshToken token;
  token.stored = make_credential(CredentialKind::refresh_token, 1, store.next_row()).stored;
  token.grant_id = grant.id;
  token.client_id = grant.client_id;
  token.scope = grant.scope;
  token.parent_row = parent;
  token.created_at = kNow;
  token.expires_at = kNow + days(30);
  token.absolute_expires_at = kNow + days(180);
  return token;
}

// Issues a code and redeems it for a refresh token.
struct Issued {
  Grant grant;
  oidc::model::RefreshToken refresh;
};

inline Issued issue_refresh(Store& store, const SignedIn& who, bool offline = false) {
  const auto command = issue_command(store, who, offline);
  REQUIRE(run(store.issue_code(command, kActor, kNow)) == IssueCodeOutcome::issued);
  Issued out{command.grant, refresh_for(store, command.grant)};
  const RedeemCode redeem{command.code->stored.row, command.grant.id, who.client_id, out.refresh};
  REQUIRE(run(store.redeem_code(redeem, kActor, kNow)) == RedeemOutcome::redeemed);
  return out;
}

}  // namespace store_test

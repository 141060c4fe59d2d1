// Owns: everything that is kept, as one method per transaction. SQL stands in store/sql/, one file
// per aggregate. Knows no HTTP. Every one-time decision is one UPDATE whose affected rows are 1.
#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/model/client.h"
#include "oidc/model/session.h"
#include "oidc/model/user.h"
#include "server/runtime/task.h"

namespace server::store {

using oidc::TimePoint;
using oidc::crypto::OpaqueCredential;
using runtime::Task;

enum class StoreFault {
  unavailable,  // the database can't be reached, timed out or a COMMIT failed: 503, nothing burnt
  overloaded,   // the queue is full: 503 with Retry-After
  conflict,     // a unique value exists already (client id, e-mail address)
  failed,       // a bug or a damaged row: 500
};
struct StoreError {
  StoreFault fault = StoreFault::failed;
  std::string detail;  // for the log: no SQL values
};
template <class T>
using StoreResult = std::expected<T, StoreError>;

struct StoreOptions {
  std::string database;         // "sqlite:PATH" or "postgresql://…"
  std::size_t connections = 8;  // PostgreSQL sessions, or SQLite readers (at most 4 are used)
  std::chrono::milliseconds timeout{5'000};
  std::size_t queue_limit = 4'096;
};

// Who did it and from where, for the audit row that each change writes in its own transaction.
struct Actor {
  std::string name;     // "user:ID", "client:ID", "operator"
  std::string address;  // may be empty
};

// --- commands ---------------------------------------------------------------------------------

struct NewUser {
  oidc::model::User user;
  std::string password_phc;  // empty: no password
};

// What signing in by password needs to know.
struct PasswordRecord {
  oidc::model::User user;
  std::int64_t authenticator_id = 0;  // 0: no password is set
  std::string phc;
};

struct SignIn {
  std::optional<std::int64_t> old_browser;  // its other accounts move to the new browser
  OpaqueCredential new_browser;
  std::string user_id;
  std::int64_t authenticator_id = 0;
  std::string expected_phc;  // the hash that was verified: if it changed since, refused
  std::string new_phc;       // replaces it when not empty (cost was raised)
  std::string sid;           // used if this browser has no session of that account yet
  std::int64_t session_row = 0;
  TimePoint auth_time{};
  std::string amr, acr;
  TimePoint expires_at{};              // absolute
  std::vector<std::string> give_back;  // throttle buckets to give one attempt back to
};
enum class SignInOutcome { signed_in, account_changed };

struct IssueCode {
  std::int64_t browser_id = 0;
  oidc::model::Grant grant;
  // Absent when the response type has no code: tokens only (OpenID Connect Core §3.2).
  std::optional<oidc::model::AuthorizationCode> code;
  TimePoint grant_expires_at{};  // the latest end of what the answer itself holds
  std::string remember_consent;  // words added to what is remembered for user and client
  // Used up in the same transaction. It may have expired meanwhile: the time counts when it is
  // found, and the person may take longer to sign in.
  std::optional<OpaqueCredential> pushed_request;
};
enum class IssueCodeOutcome { issued, session_ended, request_used };

struct CodeRecord {
  oidc::model::AuthorizationCode code;
  oidc::model::Grant grant;
  oidc::model::User user;
  bool grant_live = false;  // not revoked, person active, client there, session live or offline
};

struct RedeemCode {
  std::int64_t code_row = 0;
  std::int64_t grant_id = 0;
  std::string client_id;
  std::optional<oidc::model::RefreshToken> refresh;
};
enum class RedeemOutcome { redeemed, already_used, grant_ended };

struct RefreshRecord {
  oidc::model::RefreshToken token;
  oidc::model::Grant grant;
  oidc::model::User user;
  bool grant_live = false;
  bool successor_used = false;
};

struct RotateRefresh {
  std::int64_t old_row = 0;
  oidc::model::RefreshToken successor;  // parent_row = old_row
  std::string successor_sealed;         // written to the old row
};
enum class RotateOutcome { rotated, already_used, grant_ended };

struct AccessRecord {
  oidc::model::Grant grant;
  oidc::model::User user;
  bool live = false;  // grant_live as above, and the jti is not revoked
};

// --- registration -----------------------------------------------------------------------------

struct InitialAccessToken {
  OpaqueCredential stored;
  std::string label;
  std::int64_t uses_left = 1;
  std::int64_t uses_total = 1;
  TimePoint created_at{};
  TimePoint expires_at{};
  std::optional<TimePoint> revoked_at;
};

struct RegisterClient {
  oidc::model::Client client;
  // Uses one up, in the same transaction; absent where registration is open.
  std::optional<OpaqueCredential> initial_access;
  std::int64_t most_quarantined = 0;  // how many unverified clients there may be in all
};
enum class RegisterOutcome {
  registered,
  token_refused,  // unknown, used up, expired or revoked
  full,           // most_quarantined is reached
};

// --- pushed requests, assertions ----------------------------------------------------------------

struct PushedRequest {
  OpaqueCredential stored;
  std::string client_id;
  std::string parameters;  // form-encoded, as checked
  TimePoint expires_at{};
};

// --- logout
// ---------------------------------------------------------------------------------------

// A session that ended, with a client that it served.
struct EndedSessionClient {
  std::string client_id;
  std::string sid;
  std::string subject;  // as that client knows the person
};

struct LogoutDelivery {
  std::int64_t id = 0;
  std::string client_id, uri, sid, subject;
  std::string state;          // "queued", "delivered", "failed"
  std::int64_t attempts = 0;  // taken so often; one that was just taken is counted
  std::string last_result;    // "HTTP 204", "connection refused" …; no personal data
  TimePoint created_at{}, next_attempt_at{};
  std::optional<TimePoint> finished_at;
};

struct SigningKeyRow {
  std::string kid;
  std::string alg;
  std::string state;  // "announced", "active", "verifying", "retired"
  std::string public_jwk;
  std::string sealed_private;  // base64url
  TimePoint created_at{};
  TimePoint signs_from{};
  std::optional<TimePoint> verifies_until;
  // Its public half answers for id_token_hint until then; absent: no end is set.
  std::optional<TimePoint> kept_until = std::nullopt;
};

struct PurposeKeyRow {
  std::string id;
  std::string purpose;  // "seal", "throttle", …
  std::string sealed;   // base64url
  TimePoint created_at{};
};

struct Bucket {
  std::string name;  // bounded, no personal data in clear
  std::int64_t limit = 0;
  std::chrono::milliseconds window{0};  // 0: the window of the call
};
struct Reservation {
  bool allowed = false;
  TimePoint retry_at{};  // when not allowed
};

struct FailureRow {
  std::string id;  // event id
  TimePoint at{};
  std::string kind, rule, expected, received, client_id, source, route;
  int status = 0;
};

// ----------------------------------------------------------------------------------------------

class Store {
 public:
  // Opens, checks pragmas, migrates under a lock. Throws std::runtime_error with one clear sentence
  // (newer or altered schema, network file system, cannot connect).
  static std::unique_ptr<Store> open(StoreOptions options);
  // Commits what is queued. No coroutine of the store may resume afterwards: stop the I/O threads
  // first.
  ~Store();
  Store(const Store&) = delete;

  // A fresh key for a transient row: time-ordered, unique over all nodes of this database.
  std::int64_t next_row();
  // "sqlite" or "postgresql".
  std::string_view backend() const;
  // Jobs that wait: for metrics.
  std::size_t queue_depth() const;
  // One trivial read within the time-out: for /readyz.
  Task<bool> ping();

  // clients.cpp
  Task<StoreResult<void>> insert_client(oidc::model::Client client, Actor actor, TimePoint now);
  // Known to be fresh within a second.
  Task<StoreResult<std::shared_ptr<const oidc::model::Client>>> find_client(std::string client_id,
                                                                            TimePoint now);
  Task<StoreResult<std::vector<oidc::model::Client>>> list_clients(std::string after, int limit);
  // A client that registered itself (RFC 7591). Its created_at is `now`.
  Task<StoreResult<RegisterOutcome>> register_client(RegisterClient command, Actor actor,
                                                     TimePoint now);
  // Replaces metadata, redirect URIs, secrets and the registration token's digest (RFC 7592 §2.2).
  // What the operator or the first registration decided stays: first_party, quarantined,
  // created_at, and pkce_required unless the client becomes public. False: no such client.
  Task<StoreResult<bool>> update_client(oidc::model::Client client, Actor actor, TimePoint now);
  // Notes that a person signed in with it, at most once an hour, so that it does not count as
  // unused.
  Task<StoreResult<void>> note_client_use(std::string client_id, TimePoint now);
  // Ends everything of theirs. False: no such client.
  Task<StoreResult<bool>> remove_client(std::string client_id, Actor actor, TimePoint now);
  // True when a live redirect URI of any client has this origin (client_origins table).
  Task<StoreResult<bool>> has_client_origin(std::string origin, TimePoint now);

  // registration.cpp
  Task<StoreResult<void>> insert_initial_access(InitialAccessToken token, Actor actor,
                                                TimePoint now);
  Task<StoreResult<std::vector<InitialAccessToken>>> list_initial_access(std::int64_t after,
                                                                         int limit);
  // False: no such token.
  Task<StoreResult<bool>> revoke_initial_access(std::int64_t row, Actor actor, TimePoint now);

  // pushed_requests.cpp
  Task<StoreResult<void>> insert_pushed_request(PushedRequest request, TimePoint now);
  // Nothing when it is unknown, expired or used.
  Task<StoreResult<std::optional<PushedRequest>>> find_pushed_request(OpaqueCredential credential,
                                                                      TimePoint now);

  // client_assertions.cpp
  // False when this client used this `jti` before (RFC 7523 §3). Decided by one statement.
  Task<StoreResult<bool>> use_assertion(std::string client_id, std::string jti,
                                        TimePoint expires_at, TimePoint now);

  // users.cpp
  Task<StoreResult<void>> insert_user(NewUser user, Actor actor, TimePoint now);
  Task<StoreResult<std::optional<oidc::model::User>>> find_user(std::string id);
  Task<StoreResult<std::optional<PasswordRecord>>> find_password(std::string email_fold);
  Task<StoreResult<std::vector<oidc::model::User>>> list_users(std::string after, int limit);
  // Disabling ends all sessions and grants. False: no such person.
  Task<StoreResult<bool>> set_user_status(std::string id, oidc::model::UserStatus status,
                                          Actor actor, TimePoint now);
  // Ends all sessions and every grant, sets credentials_changed_at. False: no such person.
  Task<StoreResult<bool>> set_password(std::string id, std::string phc, Actor actor, TimePoint now);
  // Ends all sessions and what hangs from them (offline grants stay). False: no such person.
  Task<StoreResult<bool>> sign_out_user(std::string id, Actor actor, TimePoint now);

  // sessions.cpp
  // Nothing for an unknown, ended or expired browser. `idle`: sessions unseen for longer are dead.
  Task<StoreResult<std::optional<oidc::model::Browser>>> load_browser(
      OpaqueCredential credential, std::chrono::milliseconds idle, TimePoint now);
  Task<StoreResult<SignInOutcome>> sign_in(SignIn command, Actor actor, TimePoint now);
  // Ends these sessions of that browser and their grants (offline ones stay), and queues what the
  // back-channel owes. The clients they served, for the front channel. The other ways in which
  // sessions end queue the same: sign_out_user(), set_password(), set_user_status().
  Task<StoreResult<std::vector<EndedSessionClient>>> end_sessions(
      std::int64_t browser_id, std::vector<std::int64_t> sessions, Actor actor, TimePoint now);

  // grants.cpp
  // What is remembered for this person and client, as words; empty when nothing is.
  Task<StoreResult<std::string>> find_consent(std::string user_id, std::string client_id);
  Task<StoreResult<IssueCodeOutcome>> issue_code(IssueCode command, Actor actor, TimePoint now);
  // codes.cpp
  Task<StoreResult<std::optional<CodeRecord>>> load_code(OpaqueCredential credential,
                                                         TimePoint now);
  Task<StoreResult<RedeemOutcome>> redeem_code(RedeemCode command, Actor actor, TimePoint now);
  // refresh_tokens.cpp
  Task<StoreResult<std::optional<RefreshRecord>>> load_refresh(OpaqueCredential credential,
                                                               TimePoint now);
  Task<StoreResult<RotateOutcome>> rotate_refresh(RotateRefresh command, Actor actor,
                                                  TimePoint now);
  // grants.cpp again
  // True when it was live until now. `reason` goes into the audit row.
  Task<StoreResult<bool>> revoke_grant(std::int64_t grant_id, std::string reason, Actor actor,
                                       TimePoint now);
  Task<StoreResult<void>> revoke_access_token(std::string jti, TimePoint expires_at, Actor actor,
                                              TimePoint now);
  // Nothing when the grant is unknown.
  Task<StoreResult<std::optional<AccessRecord>>> load_access(std::int64_t grant_id, std::string jti,
                                                             TimePoint now);

  // logout_deliveries.cpp
  // Takes up to `limit` that are due, for `lease`: nobody else gets them until it has passed.
  Task<StoreResult<std::vector<LogoutDelivery>>> take_logout_deliveries(
      int limit, std::chrono::milliseconds lease, TimePoint now);
  // `retry_at` absent: done for good, delivered or failed. Nothing happens to one that is done.
  Task<StoreResult<void>> finish_logout_delivery(std::int64_t id, bool delivered,
                                                 std::string result,
                                                 std::optional<TimePoint> retry_at, TimePoint now);
  // Newest first; an empty state means all.
  Task<StoreResult<std::vector<LogoutDelivery>>> list_logout_deliveries(std::string state,
                                                                        int limit);

  // keys.cpp
  Task<StoreResult<std::vector<SigningKeyRow>>> list_signing_keys();
  // Puts the next key of row.alg in, to sign from row.signs_from. The keys that signed until then
  // verify until `old_verifies_until` at the latest, and are kept for id_token_hint until
  // `old_kept_until` (absent: longer than any session can live).
  // False when row.signs_from is to come and another key of that algorithm waits for its time
  // already. One that signs at once takes the place of a key that waits.
  Task<StoreResult<bool>> rotate_signing_key(
      SigningKeyRow row, TimePoint old_verifies_until, Actor actor, TimePoint now,
      std::optional<TimePoint> old_kept_until = std::nullopt);
  // Inserts the rows whose algorithm has no key yet (a race of two nodes ends with one set).
  // Returns all.
  Task<StoreResult<std::vector<SigningKeyRow>>> ensure_signing_keys(
      std::vector<SigningKeyRow> fresh, Actor actor, TimePoint now);
  Task<StoreResult<std::vector<PurposeKeyRow>>> ensure_purpose_keys(
      std::vector<PurposeKeyRow> fresh);

  // throttle.cpp
  // Counts one attempt in every bucket, or in none when any is full. Exact under concurrency.
  Task<StoreResult<Reservation>> reserve_attempt(std::vector<Bucket> buckets,
                                                 std::chrono::milliseconds window, TimePoint now);
  Task<StoreResult<void>> give_back(std::vector<std::string> buckets);

  // events.cpp
  Task<StoreResult<void>> insert_failures(std::vector<FailureRow> rows);
  Task<StoreResult<std::optional<FailureRow>>> find_failure(std::string id);

  // cleanup.cpp
  // Removes up to `batch` expired rows of each kind; the number removed. Unverified clients go when
  // they were not used for `unverified_kept`, as with remove_client().
  Task<StoreResult<std::int64_t>> remove_expired(
      TimePoint now, int batch, std::chrono::milliseconds unverified_kept = std::chrono::days(7));

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace server::store

// Owns: what the store takes and gives besides the models: commands, outcomes, records, rows of
// ledgers, and the one error. Behaviour is in store.h.
#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "oidc/base/time.h"
#include "oidc/crypto/opaque_credential.h"
#include "oidc/model/client.h"
#include "oidc/model/email_challenge.h"
#include "oidc/model/session.h"
#include "oidc/model/user.h"

namespace server::store {

using oidc::TimePoint;
using oidc::crypto::OpaqueCredential;

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

// --- people, sessions and tokens ----------------------------------------------------------------

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

// Written in the transaction of what it tells of, so that neither is lost without the other.
struct QueuedMail {
  std::int64_t id = 0;
  std::string kind;          // as mail::to_string says
  std::string address_fold;  // for the ledger and for suppression
  std::string sealed;        // the whole message and its envelope, sealed; erased when it is done
  std::string client_id;     // may be empty
  std::string user_id;       // empty for a stranger
  bool decoy = false;        // written so that a stranger's request costs the same; never sent
  TimePoint created_at{}, not_after{};  // of no use any more after this
};

struct SignIn {
  std::optional<std::int64_t> old_browser;  // its other accounts move to the new browser
  // Signing in by mail: used up by this very transaction. Then no authenticator is compared.
  std::optional<std::int64_t> challenge_row;
  std::string address, browser;  // kept with the session and in the history
  std::string client_id;         // the application it was for, for the history; may be empty
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
  std::optional<QueuedMail> notice;
};
enum class SignInOutcome { signed_in, account_changed, challenge_used };

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

// --- registration -------------------------------------------------------------------------------

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

enum class UpdateOutcome {
  updated,
  changed,  // somebody else was faster: read it again
  no_such_client,
};
enum class VerifyOutcome { verified, was_verified, no_such_client };

// --- pushed requests, assertions ----------------------------------------------------------------

struct PushedRequest {
  OpaqueCredential stored;
  std::string client_id;
  std::string parameters;  // form-encoded, as checked
  TimePoint expires_at{};
};

// --- logout -------------------------------------------------------------------------------------

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

// --- mail and challenges ------------------------------------------------------------------------

struct MailRow {  // of the ledger
  std::int64_t id = 0;
  std::string kind, address_fold, state;  // "queued", "accepted", "bounced", "failed", "expired",
                                          // "suppressed", "decoy"
  std::int64_t attempts = 0;
  std::string last_result;  // the server's answer, cut
  std::string sealed;       // in take_mail() only
  TimePoint created_at{}, next_attempt_at{}, not_after{};
  std::optional<TimePoint> finished_at;
  std::string client_id, user_id;  // may be empty
};
enum class MailResult { accepted, retry, bounced, failed };

struct Suppression {
  std::string address_fold, reason;
  TimePoint created_at{};
};

// What a person asked for, with the mail that goes with it: one transaction.
struct StartChallenge {
  // An empty user id is a decoy that nothing can answer, but for sign_up: there it is a stranger.
  oidc::model::EmailChallenge challenge;
  QueuedMail mail;
};
enum class CodeOutcome { right, wrong, closed };

struct NewAccount {  // of a sign-up that was proved by mail
  std::int64_t challenge_row = 0;
  NewUser user;  // its first address is the one that the mail went to; it counts as verified
  // Signs the new person in, in the same transaction. Needs neither challenge nor authenticator.
  std::optional<SignIn> sign_in;
};
enum class AccountOutcome { done, challenge_used, address_taken, no_such_user };

// What is done here leaves its row by itself: "sign_in", "account_created", "password_changed",
// "email_changed".
struct HistoryRow {
  TimePoint at{};
  std::string what;
  std::string method, address, browser, client_id;
};
// An attempt that did not sign in. Those of one person, day, network and method are one row.
struct RefusedSignIn {
  std::string person;  // the user's id; for what is nobody's, a keyed hash of what was typed
  bool decoy = false;  // nobody's: written so that it costs the same, shown to nobody
  std::string method;  // "pwd", "code", "number"; "throttled": it was not looked at
  std::string network, address, browser;
  // Nothing is written when the row had its last attempt less long ago.
  std::chrono::milliseconds spacing{0};
};
struct RefusedRow {
  TimePoint first_at{}, last_at{};
  std::int64_t attempts = 0;
  std::string method;
  std::string address, browser;  // of the last attempt; both empty: from further networks
};
struct AllowedApplication {
  std::string client_id, client_name, scope;
  TimePoint since{}, last_at{};
};

// --- keys, throttle, failures -------------------------------------------------------------------

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
  TimePoint retry_at{};           // when not allowed
  std::vector<std::string> full;  // the buckets that refused it
};

struct FailureRow {
  std::string id;  // event id
  TimePoint at{};
  std::string kind, rule, expected, received, client_id, source, route;
  int status = 0;
};

}  // namespace server::store

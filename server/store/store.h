// Owns: everything that is kept, as one method per transaction. SQL stands in store/sql/, one file
// per aggregate. Knows no HTTP. Every one-time decision is one UPDATE whose affected rows are 1.
#pragma once
#include <memory>
#include <string_view>

#include "oidc/model/branding.h"
#include "server/runtime/task.h"
#include "server/store/commands.h"

namespace server::store {

using runtime::Task;

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
  // A client that registered itself (RFC 7591). Its created_at is `now`. What only the operator
  // decides (first_party, login_method, self_signup, required_acr) is left out.
  Task<StoreResult<RegisterOutcome>> register_client(RegisterClient command, Actor actor,
                                                     TimePoint now);
  // Replaces metadata, redirect URIs, secrets and the registration token's digest (RFC 7592 §2.2).
  // What the operator or the first registration decided stays: first_party, quarantined,
  // created_at, login_method, self_signup, required_acr, and pkce_required unless the client
  // becomes public. Nothing is written unless the client still is as it was when
  // `client.updated_at` was read.
  Task<StoreResult<UpdateOutcome>> update_client(oidc::model::Client client, Actor actor,
                                                 TimePoint now);
  // For the operator: the client is no longer unverified, and no longer counted as such. What it
  // lost when it registered does not come back: it registers that anew (RFC 7592).
  Task<StoreResult<VerifyOutcome>> verify_client(std::string client_id, Actor actor, TimePoint now);
  // For the operator: login_method, self_signup and required_acr of this value. False: no such
  // client.
  Task<StoreResult<bool>> set_sign_in_rules(oidc::model::Client client, Actor actor, TimePoint now);
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

  // users.cpp. Nobody finds a person who was deleted.
  Task<StoreResult<void>> insert_user(NewUser user, Actor actor, TimePoint now);
  Task<StoreResult<std::optional<oidc::model::User>>> find_user(std::string id);
  Task<StoreResult<std::optional<PasswordRecord>>> find_password(std::string email_fold);
  Task<StoreResult<std::vector<oidc::model::User>>> list_users(std::string after, int limit);
  // Disabling ends all sessions and grants. False: no such person.
  Task<StoreResult<bool>> set_user_status(std::string id, oidc::model::UserStatus status,
                                          Actor actor, TimePoint now);
  // Ends all sessions and every grant, sets credentials_changed_at. False: no such person.
  Task<StoreResult<bool>> set_password(std::string id, std::string phc, Actor actor, TimePoint now,
                                       std::optional<QueuedMail> notice = std::nullopt);
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

  // email_challenges.cpp. None of these answers a challenge that is a decoy, expired or used.
  // Challenge and mail. An older open challenge of the same address, purpose and browser expires.
  Task<StoreResult<void>> start_challenge(StartChallenge command, TimePoint now);
  // By row; the caller compares digest and binding. Nothing when unknown or expired.
  Task<StoreResult<std::optional<oidc::model::EmailChallenge>>> find_challenge(std::int64_t row,
                                                                               TimePoint now);
  // Counts a wrong one, in one statement; `closed` when there were too many or it is used. A right
  // one uses nothing up. A decoy counts too, so that nobody can tell it from the others, and is
  // never right.
  Task<StoreResult<CodeOutcome>> try_code(std::int64_t row, std::string code_digest, TimePoint now);
  // The same; a right one sets approved_at.
  Task<StoreResult<CodeOutcome>> try_number(std::int64_t row, std::string number, TimePoint now);
  // Uses it up by itself, for purposes that end in no other transaction. True for exactly one
  // caller.
  Task<StoreResult<bool>> use_challenge(std::int64_t row, TimePoint now);

  // accounts.cpp: a person's own record. Each uses up its challenge in the same transaction, which
  // must be of that purpose, person and address, and queues `notice` with what it does. Whoever
  // gets a new password or address, or is disabled or deleted, has no open challenge any more.
  Task<StoreResult<AccountOutcome>> create_account(NewAccount command, Actor actor, TimePoint now);
  // Sets the password, ends every session and every grant. `challenge_row` 0: by somebody signed
  // in, and then `by_session` must still live. The address that a challenge went to becomes
  // verified.
  Task<StoreResult<AccountOutcome>> reset_password(std::int64_t challenge_row, std::string user_id,
                                                   std::string phc, Actor actor, TimePoint now,
                                                   std::optional<QueuedMail> notice = std::nullopt,
                                                   std::optional<std::int64_t> by_session = {});
  // `address` takes the place of the primary one, verified. Sessions stay.
  Task<StoreResult<AccountOutcome>> change_email(std::int64_t challenge_row, std::string user_id,
                                                 oidc::model::EmailAddress address, Actor actor,
                                                 TimePoint now,
                                                 std::optional<QueuedMail> notice = std::nullopt);
  Task<StoreResult<bool>> set_claims(std::string user_id, std::string claims_json, Actor actor,
                                     TimePoint now);
  // Ends everything and removes the personal data; the id is never given again. False: no such, or
  // the session that asks (`by_session`) has ended.
  Task<StoreResult<bool>> delete_user(std::string user_id, Actor actor, TimePoint now,
                                      std::optional<QueuedMail> notice = std::nullopt,
                                      std::optional<std::int64_t> by_session = std::nullopt);
  Task<StoreResult<std::optional<oidc::model::User>>> find_user_by_email(std::string email_fold);

  // own_pages.cpp: what a person sees of their own.
  // All live sessions of a person, in whatever browser, newest first. Those unseen for longer than
  // `idle` are dead.
  Task<StoreResult<std::vector<oidc::model::Session>>> list_sessions(
      std::string user_id, TimePoint now,
      std::optional<std::chrono::milliseconds> idle = std::nullopt);
  // False: not theirs, or ended.
  Task<StoreResult<bool>> end_session(std::string user_id, std::int64_t session_id, Actor actor,
                                      TimePoint now);
  Task<StoreResult<std::vector<AllowedApplication>>> list_allowed(std::string user_id);
  // Forgets the consent and ends the grants of that client. False: there was nothing.
  Task<StoreResult<bool>> revoke_allowed(std::string user_id, std::string client_id, Actor actor,
                                         TimePoint now);
  // Newest first.
  Task<StoreResult<std::vector<HistoryRow>>> list_history(std::string user_id, int limit);

  // refused_sign_ins.cpp
  // Of one person and day at most some 20 rows (more only by chance); what comes from further
  // networks is counted together.
  Task<StoreResult<void>> note_refused_sign_in(RefusedSignIn refused, TimePoint now);
  // The latest first.
  Task<StoreResult<std::vector<RefusedRow>>> list_refused_sign_ins(std::string user_id, int limit);

  // mail.cpp
  Task<StoreResult<void>> queue_mail(QueuedMail mail, TimePoint now);
  // Takes up to `limit` that are due, oldest first, for `lease`: nobody else gets them until it has
  // passed. What is past not_after becomes "expired", what is suppressed "suppressed"; decoys are
  // never taken.
  Task<StoreResult<std::vector<MailRow>>> take_mail(int limit, std::chrono::milliseconds lease,
                                                    TimePoint now);
  // Nothing happens to one that is done. `retry_at` counts for MailResult::retry; one that comes
  // past not_after ends it as "expired". `bounced` also suppresses the address. Of `said` the first
  // 500 bytes are kept, as ASCII.
  Task<StoreResult<void>> finish_mail(std::int64_t id, MailResult result, std::string said,
                                      TimePoint retry_at, TimePoint now);
  // Newest first; what is empty is not asked for.
  Task<StoreResult<std::vector<MailRow>>> list_mail(std::string state, std::string address_fold,
                                                    int limit);
  Task<StoreResult<std::vector<Suppression>>> list_suppressions(std::string after, int limit);
  Task<StoreResult<bool>> is_suppressed(std::string address_fold);
  // False: it was not suppressed.
  Task<StoreResult<bool>> remove_suppression(std::string address_fold, Actor actor, TimePoint now);

  // branding.cpp
  // `client_id` empty: the default record. Known to be fresh within a second. Null: none.
  Task<StoreResult<std::shared_ptr<const oidc::model::Branding>>> find_branding(
      std::string client_id);
  // The client and the record as they were read last, for pages that have to do without the
  // database. Null: there was none, or it is not remembered.
  std::shared_ptr<const oidc::model::Client> last_client(const std::string& client_id) const;
  std::shared_ptr<const oidc::model::Branding> last_branding(const std::string& client_id) const;
  // The record is checked already, and so is that there is such a client.
  Task<StoreResult<void>> set_branding(std::string client_id, oidc::model::Branding branding,
                                       Actor actor, TimePoint now);
  // False: there was none. Removing a client removes its record too.
  Task<StoreResult<bool>> remove_branding(std::string client_id, Actor actor, TimePoint now);

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

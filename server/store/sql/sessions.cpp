// Browsers (one cookie each) and the sessions in them.
#include <set>

#include "oidc/crypto/digest.h"
#include "server/store/sql/challenge_rows.h"
#include "server/store/sql/endings.h"
#include "server/store/sql/history_rows.h"
#include "server/store/sql/mail_rows.h"
#include "server/store/sql/session_rows.h"
#include "server/store/sql/state.h"
#include "server/store/sql/throttle.h"
#include "server/store/sql/user_rows.h"

namespace server::store {

using oidc::model::Browser;
using oidc::model::Session;
using oidc::model::SessionWithUser;
using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

bool is_browser_known(Transaction& tx, const OpaqueCredential& credential, TimePoint now) {
  Rows rows = tx.query(
      "SELECT digest FROM browsers WHERE id = :id AND ended_at IS NULL AND expires_at > :now", "t",
      {{"id", credential.row}, {"now", now}});
  return rows.next() && oidc::crypto::equal_constant_time(rows.text(0), credential.digest);
}

std::vector<SessionWithUser> read_sessions(Transaction& tx, std::int64_t browser_id,
                                           TimePoint seen_since, TimePoint now) {
  constexpr std::size_t kUser = sizeof(LATCHKEY_SESSION_TYPES) - 1;
  Rows rows = tx.query("SELECT" LATCHKEY_SESSION_COLUMNS "," LATCHKEY_USER_COLUMNS
                       " FROM sessions s JOIN users u ON u.id = s.user_id AND u.status = 'active'"
                       " WHERE s.browser_id = :browser_id AND s.ended_at IS NULL"
                       " AND s.expires_at > :now AND s.last_seen_at > :seen_since"
                       " ORDER BY s.auth_time DESC, s.id DESC",
                       LATCHKEY_SESSION_TYPES LATCHKEY_USER_TYPES,
                       {{"browser_id", browser_id}, {"now", now}, {"seen_since", seen_since}});
  std::vector<SessionWithUser> sessions;
  while (rows.next()) {
    sessions.push_back({sql::read_session(rows), sql::read_user(rows, kUser)});
  }
  return sessions;
}

// The row of the person first, here and in every change of an account. It is written, so it is
// locked: a password change or a disabling that comes at the same time waits and then ends the new
// session, or came first and is seen here.
bool is_person_active(Transaction& tx, const SignIn& command, TimePoint now) {
  return tx.execute(
             "UPDATE users SET signed_in_at = :now WHERE id = :id AND status = 'active'"
             " AND deleted_at IS NULL",
             {{"now", now}, {"id", command.user_id}}) == 1;
}

bool is_password_unchanged(Transaction& tx, const SignIn& command, TimePoint now) {
  return tx.execute(
             "UPDATE authenticators SET data = :data, updated_at = :now"
             " WHERE id = :id AND user_id = :user_id AND data = :expected",
             {{"data", command.new_phc.empty() ? command.expected_phc : command.new_phc},
              {"now", now},
              {"id", command.authenticator_id},
              {"user_id", command.user_id},
              {"expected", command.expected_phc}}) == 1;
}

// What was proved: an answered mail, or else a password that is still the same.
SignInOutcome check_proof(Transaction& tx, const SignIn& command, TimePoint now) {
  if (!is_person_active(tx, command, now)) return SignInOutcome::account_changed;
  if (command.challenge_row) {
    return sql::use_challenge(tx, *command.challenge_row, oidc::model::ChallengePurpose::sign_in,
                              command.user_id, "", now)
               ? SignInOutcome::signed_in
               : SignInOutcome::challenge_used;
  }
  return is_password_unchanged(tx, command, now) ? SignInOutcome::signed_in
                                                 : SignInOutcome::account_changed;
}

void insert_browser(Transaction& tx, const SignIn& command, TimePoint now) {
  tx.execute(
      "INSERT INTO browsers (id, digest, created_at, expires_at, ended_at)"
      " VALUES (:id, :digest, :now, :expires_at, NULL)",
      {{"id", command.new_browser.row},
       {"digest", command.new_browser.digest},
       {"now", now},
       {"expires_at", command.expires_at}});
}

// Nothing moves from a cookie that another sign-in has replaced already.
void move_sessions(Transaction& tx, std::int64_t from, std::int64_t to, TimePoint now) {
  const auto ended =
      tx.execute("UPDATE browsers SET ended_at = :now WHERE id = :id AND ended_at IS NULL",
                 {{"now", now}, {"id", from}});
  if (ended != 1) return;
  tx.execute(
      "UPDATE sessions SET browser_id = :to WHERE browser_id = :from AND ended_at IS NULL"
      " AND expires_at > :now",
      {{"to", to}, {"from", from}, {"now", now}});
}

// Keeps id and sid of a session that this account has here already.
bool renew_session(Transaction& tx, const SignIn& command, TimePoint now) {
  return tx.execute(
             "UPDATE sessions SET auth_time = :auth_time, amr = :amr, acr = :acr,"
             " last_seen_at = :now, expires_at = :expires_at, address = :address,"
             " browser = :browser WHERE browser_id = :browser_id AND user_id = :user_id AND "
             "ended_at IS NULL"
             " AND expires_at > :now",
             {{"auth_time", command.auth_time},
              {"amr", command.amr},
              {"acr", command.acr},
              {"now", now},
              {"expires_at", command.expires_at},
              {"address", command.address},
              {"browser", command.browser},
              {"browser_id", command.new_browser.row},
              {"user_id", command.user_id}}) > 0;
}

void insert_session(Transaction& tx, const SignIn& command, TimePoint now) {
  tx.execute(
      "INSERT INTO sessions (id, browser_id, user_id, sid, auth_time, amr, acr, created_at,"
      " last_seen_at, expires_at, ended_at, address, browser)"
      " VALUES (:id, :browser_id, :user_id, :sid, :auth_time, :amr, :acr, :now, :now, :expires_at,"
      " NULL, :address, :browser)",
      {{"id", command.session_row},
       {"browser_id", command.new_browser.row},
       {"user_id", command.user_id},
       {"sid", command.sid},
       {"auth_time", command.auth_time},
       {"amr", command.amr},
       {"acr", command.acr},
       {"now", now},
       {"expires_at", command.expires_at},
       {"address", command.address},
       {"browser", command.browser}});
}

}  // namespace

namespace sql {

Session read_session(const Rows& rows) {
  Session session;
  session.id = rows.number(0);
  session.sid = rows.text(1);
  session.user_id = rows.text(2);
  session.auth_time = rows.time(3);
  session.amr = rows.text(4);
  session.acr = rows.text(5);
  session.created_at = rows.time(6);
  session.last_seen_at = rows.time(7);
  session.expires_at = rows.time(8);
  session.address = rows.text(9);
  session.browser = rows.text(10);
  return session;
}

void begin_session(Transaction& tx, const SignIn& command, const Actor& actor, TimePoint now) {
  insert_browser(tx, command, now);
  if (command.old_browser) move_sessions(tx, *command.old_browser, command.new_browser.row, now);
  if (!renew_session(tx, command, now)) insert_session(tx, command, now);
  // The cookie lives as long as the longest session in it.
  tx.execute(
      "UPDATE browsers SET expires_at ="
      " (SELECT MAX(expires_at) FROM sessions WHERE browser_id = :id) WHERE id = :id",
      {{"id", command.new_browser.row}});
  insert_history(
      tx, command.user_id,
      {now, "sign_in", command.amr, command.address, command.browser, command.client_id});
  if (command.notice) insert_mail(tx, *command.notice, now);
  tx.audit("session.begin", actor, command.user_id, command.amr, now);
  give_back_attempts(tx, command.give_back);
}

}  // namespace sql

Task<StoreResult<std::optional<Browser>>> Store::load_browser(OpaqueCredential credential,
                                                              std::chrono::milliseconds idle,
                                                              TimePoint now) {
  co_return co_await sql::submit<std::optional<Browser>>(
      *state_, Access::read,
      [credential = std::move(credential), idle,
       now](Transaction& tx) -> StoreResult<std::optional<Browser>> {
        std::optional<Browser> browser;
        if (!is_browser_known(tx, credential, now)) return browser;
        browser.emplace();
        browser->id = credential.row;
        browser->sessions = read_sessions(tx, credential.row, now - idle, now);
        for (auto& entry : browser->sessions) sql::load_emails(tx, entry.user);
        return browser;
      });
}

Task<StoreResult<SignInOutcome>> Store::sign_in(SignIn command, Actor actor, TimePoint now) {
  co_return co_await sql::submit<SignInOutcome>(
      *state_, Access::write,
      [command = std::move(command), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<SignInOutcome> {
        const auto outcome = check_proof(tx, command, now);
        if (outcome != SignInOutcome::signed_in) {
          tx.discard();
          return outcome;
        }
        sql::begin_session(tx, command, actor, now);
        return outcome;
      });
}

Task<StoreResult<std::vector<EndedSessionClient>>> Store::end_sessions(
    std::int64_t browser_id, std::vector<std::int64_t> sessions, Actor actor, TimePoint now) {
  co_return co_await sql::submit<std::vector<EndedSessionClient>>(
      *state_, Access::write,
      // In order of id, so that two of these never wait for each other.
      [browser_id, ids = std::set<std::int64_t>(sessions.begin(), sessions.end()),
       actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<std::vector<EndedSessionClient>> {
        const std::int64_t ending = tx.next_row();
        std::int64_t ended = 0;
        for (const std::int64_t id : ids) {
          ended += tx.execute(
              "UPDATE sessions SET ended_at = :now, ending = :ending"
              " WHERE id = :id AND browser_id = :browser_id AND ended_at IS NULL",
              {{"now", now}, {"ending", ending}, {"id", id}, {"browser_id", browser_id}});
        }
        if (ended == 0) return std::vector<EndedSessionClient>();
        tx.audit("session.end", actor, std::to_string(browser_id),
                 std::to_string(ended) + " sessions", now);
        return sql::queue_logout_deliveries(tx, ending, now);
      });
}

}  // namespace server::store

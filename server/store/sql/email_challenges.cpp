// Challenges by mail: asked with their mail in one transaction, used by the one UPDATE that finds
// used_at NULL. A stranger's decoy is a row of the same kind.
#include "oidc/crypto/digest.h"
#include "server/store/sql/challenge_rows.h"
#include "server/store/sql/mail_rows.h"
#include "server/store/sql/state.h"

namespace server::store {

using oidc::model::ChallengePurpose;
using oidc::model::EmailChallenge;
using oidc::model::kMostCodeAttempts;
using oidc::model::kMostNumberAttempts;
using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace sql {

bool use_challenge(Transaction& tx, std::int64_t row, ChallengePurpose purpose,
                   const std::string& user_id, const std::string& email_fold, TimePoint now) {
  return tx.execute(
             "UPDATE email_challenges SET used_at = :now WHERE id = :id AND purpose = :purpose"
             " AND (user_id = :user_id OR user_id = '') AND (:fold = '' OR email_fold = :fold)"
             " AND" LATCHKEY_CHALLENGE_OPEN,
             {{"now", now},
              {"id", row},
              {"purpose", oidc::model::to_string(purpose)},
              {"user_id", user_id},
              {"fold", email_fold}}) == 1;
}

void close_challenges(Transaction& tx, const std::string& user_id, TimePoint now) {
  tx.execute(
      "UPDATE email_challenges SET expires_at = :now"
      " WHERE user_id = :user_id AND used_at IS NULL AND expires_at > :now",
      {{"now", now}, {"user_id", user_id}});
}

}  // namespace sql

namespace {

void close_older(Transaction& tx, const EmailChallenge& challenge, TimePoint now) {
  tx.execute(
      "UPDATE email_challenges SET expires_at = :now WHERE email_fold = :fold"
      " AND purpose = :purpose AND binding = :binding AND used_at IS NULL AND expires_at > :now",
      {{"now", now},
       {"fold", challenge.email_fold},
       {"purpose", oidc::model::to_string(challenge.purpose)},
       {"binding", challenge.binding}});
}

void insert_challenge(Transaction& tx, const EmailChallenge& challenge, TimePoint now) {
  tx.execute(
      "INSERT INTO email_challenges (id, digest, purpose, client_id, user_id, email_fold, binding,"
      " code_digest, number, payload, asked_from, created_at, expires_at, code_attempts,"
      " number_attempts, approved_at, used_at)"
      " VALUES (:id, :digest, :purpose, :client_id, :user_id, :fold, :binding, :code_digest,"
      " :number, :payload, :asked_from, :created_at, :expires_at, 0, 0, NULL, NULL)",
      {{"id", challenge.link.row},
       {"digest", challenge.link.digest},
       {"purpose", oidc::model::to_string(challenge.purpose)},
       {"client_id", challenge.client_id},
       {"user_id", challenge.user_id},
       {"fold", challenge.email_fold},
       {"binding", challenge.binding},
       {"code_digest", challenge.code_digest},
       {"number", challenge.number},
       {"payload", challenge.payload},
       {"asked_from", challenge.asked_from},
       {"created_at", challenge.created_at == TimePoint{} ? now : challenge.created_at},
       {"expires_at", challenge.expires_at}});
}

EmailChallenge read_challenge(const Rows& rows) {
  EmailChallenge challenge;
  challenge.link.row = rows.number(0);
  challenge.link.digest = rows.text(1);
  const auto purpose = oidc::model::parse_challenge_purpose(rows.text(2));
  if (!purpose) throw sql::SqlError(sql::SqlFault::failed, "the purpose of a challenge is unknown");
  challenge.purpose = *purpose;
  challenge.client_id = rows.text(3);
  challenge.user_id = rows.text(4);
  challenge.email_fold = rows.text(5);
  challenge.binding = rows.text(6);
  challenge.code_digest = rows.text(7);
  challenge.number = rows.text(8);
  challenge.payload = rows.text(9);
  challenge.asked_from = rows.text(10);
  challenge.created_at = rows.time(11);
  challenge.expires_at = rows.time(12);
  challenge.code_attempts = rows.number(13);
  challenge.number_attempts = rows.number(14);
  challenge.approved_at = rows.maybe_time(15);
  challenge.used_at = rows.maybe_time(16);
  return challenge;
}

// After the UPDATE that counted: the row is locked, so that what it counted is what is said. Reads
// what would be right, and whether anything can be.
CodeOutcome compare(Rows rows, const std::string& given) {
  if (!rows.next()) throw sql::SqlError(sql::SqlFault::failed, "a challenge is gone");
  const bool is_equal = oidc::crypto::equal_constant_time(rows.text(0), given);
  return is_equal && rows.flag(1) ? CodeOutcome::right : CodeOutcome::wrong;
}

}  // namespace

Task<StoreResult<void>> Store::start_challenge(StartChallenge command, TimePoint now) {
  co_return co_await sql::submit<void>(
      *state_, Access::write,
      [command = std::move(command), now](Transaction& tx) -> StoreResult<void> {
        close_older(tx, command.challenge, now);
        insert_challenge(tx, command.challenge, now);
        sql::insert_mail(tx, command.mail, now);
        return {};
      });
}

Task<StoreResult<std::optional<EmailChallenge>>> Store::find_challenge(std::int64_t row,
                                                                       TimePoint now) {
  co_return co_await sql::submit<std::optional<EmailChallenge>>(
      *state_, Access::read,
      [row, now](Transaction& tx) -> StoreResult<std::optional<EmailChallenge>> {
        Rows rows = tx.query(
            "SELECT id, digest, purpose, client_id, user_id, email_fold, binding, code_digest,"
            " number, payload, asked_from, created_at, expires_at, code_attempts, number_attempts,"
            " approved_at, used_at FROM email_challenges WHERE id = :id AND expires_at > :now",
            "ittttttttttiiiiii", {{"id", row}, {"now", now}});
        if (!rows.next()) return std::optional<EmailChallenge>();
        return std::optional<EmailChallenge>(read_challenge(rows));
      });
}

Task<StoreResult<CodeOutcome>> Store::try_code(std::int64_t row, std::string code_digest,
                                               TimePoint now) {
  co_return co_await sql::submit<CodeOutcome>(
      *state_, Access::write,
      [row, given = std::move(code_digest), now](Transaction& tx) -> StoreResult<CodeOutcome> {
        // A decoy counts like the others and is never right: else the answer to a wrong code would
        // tell who has an account.
        const auto counted = tx.execute(
            "UPDATE email_challenges SET"
            " code_attempts = code_attempts + CASE WHEN code_digest = :given"
            " AND (user_id <> '' OR purpose = 'sign_up') THEN 0 ELSE 1 END"
            " WHERE id = :id AND code_attempts < :most AND used_at IS NULL AND expires_at > :now",
            {{"given", given}, {"id", row}, {"most", kMostCodeAttempts}, {"now", now}});
        if (counted != 1) return CodeOutcome::closed;
        return compare(tx.query("SELECT code_digest, CASE WHEN user_id <> ''"
                                " OR purpose = 'sign_up' THEN 1 ELSE 0 END"
                                " FROM email_challenges WHERE id = :id",
                                "ti", {{"id", row}}),
                       given);
      });
}

Task<StoreResult<CodeOutcome>> Store::try_number(std::int64_t row, std::string number,
                                                 TimePoint now) {
  co_return co_await sql::submit<CodeOutcome>(
      *state_, Access::write,
      [row, given = std::move(number), now](Transaction& tx) -> StoreResult<CodeOutcome> {
        const auto counted = tx.execute(
            "UPDATE email_challenges SET"
            " number_attempts = number_attempts + CASE WHEN number = :given THEN 0 ELSE 1 END,"
            " approved_at = CASE WHEN number = :given THEN COALESCE(approved_at, :now)"
            " ELSE approved_at END"
            " WHERE id = :id AND number_attempts < :most AND" LATCHKEY_CHALLENGE_OPEN,
            {{"given", given}, {"now", now}, {"id", row}, {"most", kMostNumberAttempts}});
        if (counted != 1) return CodeOutcome::closed;
        return compare(
            tx.query("SELECT number, 1 FROM email_challenges WHERE id = :id", "ti", {{"id", row}}),
            given);
      });
}

Task<StoreResult<bool>> Store::use_challenge(std::int64_t row, TimePoint now) {
  co_return co_await sql::submit<bool>(*state_, Access::write,
                                       [row, now](Transaction& tx) -> StoreResult<bool> {
                                         return tx.execute(
                                                    "UPDATE email_challenges SET used_at = :now"
                                                    " WHERE id = :id AND" LATCHKEY_CHALLENGE_OPEN,
                                                    {{"now", now}, {"id", row}}) == 1;
                                       });
}

}  // namespace server::store

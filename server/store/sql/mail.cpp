// The queue of mail and its ledger: what was queued, who takes it, how it went, and the addresses
// that get no more.
#include "server/store/sql/due_rows.h"
#include "server/store/sql/mail_rows.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

constexpr int kMostListed = 1'000;
constexpr std::size_t kMostSaid = 500;

#define LATCHKEY_MAIL_COLUMNS                                                                      \
  " id, kind, address_fold, state, attempts, last_result, created_at, next_attempt_at, not_after," \
  " finished_at, client_id, user_id"
constexpr char kMailTypes[] = "itttitiiiitt";

MailRow read_mail(const Rows& rows) {
  MailRow mail;
  mail.id = rows.number(0);
  mail.kind = rows.text(1);
  mail.address_fold = rows.text(2);
  mail.state = rows.text(3);
  mail.attempts = rows.number(4);
  mail.last_result = rows.text(5);
  mail.created_at = rows.time(6);
  mail.next_attempt_at = rows.time(7);
  mail.not_after = rows.time(8);
  mail.finished_at = rows.maybe_time(9);
  mail.client_id = rows.text(10);
  mail.user_id = rows.text(11);
  return mail;
}

// A server answers what it likes: what is kept is short and plain.
std::string plain(std::string_view said) {
  std::string out(said.substr(0, kMostSaid));
  for (char& c : out) {
    if (c < ' ' || c >= 0x7f) c = c == '\r' || c == '\n' || c == '\t' ? ' ' : '?';
  }
  return out;
}

// A mail that ends is erased but for its row in the ledger.
bool end_mail(Transaction& tx, std::int64_t id, std::string_view state, const std::string& result,
              TimePoint now) {
  return tx.execute(
             "UPDATE mail SET state = :state, last_result = :result, sealed = '',"
             " finished_at = :now WHERE id = :id AND state = 'queued'",
             {{"state", state}, {"result", result}, {"now", now}, {"id", id}}) == 1;
}

// What comes too late or may not be sent ends instead of being taken.
bool end_unsendable(Transaction& tx, std::int64_t id, TimePoint now) {
  return tx.execute(
             "UPDATE mail SET state = CASE WHEN not_after <= :now THEN 'expired'"
             " ELSE 'suppressed' END, sealed = '', finished_at = :now"
             " WHERE id = :id AND state = 'queued' AND next_attempt_at <= :now"
             " AND (not_after <= :now OR EXISTS (SELECT 1 FROM mail_suppressions s"
             " WHERE s.address_fold = mail.address_fold))",
             {{"now", now}, {"id", id}}) == 1;
}

// Another node may have taken it since it was found: the UPDATE decides.
std::optional<MailRow> lease_mail(Transaction& tx, std::int64_t id, TimePoint until,
                                  TimePoint now) {
  if (end_unsendable(tx, id, now)) return std::nullopt;
  const auto leased = tx.execute(
      "UPDATE mail SET next_attempt_at = :until, attempts = attempts + 1"
      " WHERE id = :id AND state = 'queued' AND next_attempt_at <= :now",
      {{"until", until}, {"id", id}, {"now", now}});
  if (leased != 1) return std::nullopt;
  Rows rows = tx.query("SELECT" LATCHKEY_MAIL_COLUMNS ", sealed FROM mail WHERE id = :id",
                       "itttitiiiittt", {{"id", id}});
  if (!rows.next()) return std::nullopt;
  auto mail = read_mail(rows);
  mail.sealed = rows.text(12);
  return mail;
}

void retry_mail(Transaction& tx, std::int64_t id, const std::string& said, TimePoint retry_at,
                TimePoint now) {
  // One that would be tried too late has ended now.
  const auto kept = tx.execute(
      "UPDATE mail SET last_result = :result, next_attempt_at = :retry_at"
      " WHERE id = :id AND state = 'queued' AND not_after > :retry_at",
      {{"result", said}, {"retry_at", retry_at}, {"id", id}});
  if (kept != 1) end_mail(tx, id, "expired", said, now);
}

void suppress_address_of(Transaction& tx, std::int64_t id, const std::string& reason,
                         TimePoint now) {
  std::string fold;
  {
    Rows rows = tx.query("SELECT address_fold FROM mail WHERE id = :id", "t", {{"id", id}});
    if (!rows.next()) return;
    fold = rows.text(0);
  }
  tx.execute(
      "INSERT INTO mail_suppressions (address_fold, reason, created_at)"
      " VALUES (:fold, :reason, :now) ON CONFLICT (address_fold) DO NOTHING",
      {{"fold", fold}, {"reason", reason}, {"now", now}});
}

}  // namespace

namespace sql {

void insert_mail(Transaction& tx, const QueuedMail& mail, TimePoint now) {
  // A decoy is of the same size and stands in as many indexes.
  tx.execute(
      "INSERT INTO mail (id, kind, address_fold, sealed, client_id, user_id, state, attempts,"
      " last_result, created_at, next_attempt_at, not_after, finished_at)"
      " VALUES (:id, :kind, :fold, :sealed, :client_id, :user_id, :state, 0, '', :created_at,"
      " :now, :not_after, :finished_at)",
      {{"id", mail.id},
       {"kind", mail.kind},
       {"fold", mail.address_fold},
       {"sealed", mail.sealed},
       {"client_id", mail.client_id},
       {"user_id", mail.user_id},
       {"state", mail.decoy ? "decoy" : "queued"},
       {"created_at", mail.created_at == TimePoint{} ? now : mail.created_at},
       {"now", now},
       {"not_after", mail.not_after},
       {"finished_at", mail.decoy ? std::optional(now) : std::nullopt}});
}

}  // namespace sql

Task<StoreResult<void>> Store::queue_mail(QueuedMail mail, TimePoint now) {
  co_return co_await sql::submit<void>(
      *state_, Access::write, [mail = std::move(mail), now](Transaction& tx) -> StoreResult<void> {
        sql::insert_mail(tx, mail, now);
        return {};
      });
}

Task<StoreResult<std::vector<MailRow>>> Store::take_mail(int limit, std::chrono::milliseconds lease,
                                                         TimePoint now) {
  co_return co_await sql::take_due<MailRow>(*state_,
                                            "SELECT id FROM mail WHERE state = 'queued'"
                                            " AND next_attempt_at <= :now"
                                            " ORDER BY next_attempt_at, id LIMIT :most",
                                            limit, lease, now, lease_mail);
}

Task<StoreResult<void>> Store::finish_mail(std::int64_t id, MailResult result, std::string said,
                                           TimePoint retry_at, TimePoint now) {
  co_return co_await sql::submit<void>(
      *state_, Access::write,
      [id, result, said = plain(said), retry_at, now](Transaction& tx) -> StoreResult<void> {
        switch (result) {
          case MailResult::accepted:
            end_mail(tx, id, "accepted", said, now);
            break;
          case MailResult::retry:
            retry_mail(tx, id, said, retry_at, now);
            break;
          case MailResult::bounced:
            if (end_mail(tx, id, "bounced", said, now)) suppress_address_of(tx, id, said, now);
            break;
          case MailResult::failed:
            end_mail(tx, id, "failed", said, now);
            break;
        }
        return {};
      });
}

Task<StoreResult<std::vector<MailRow>>> Store::list_mail(std::string state,
                                                         std::string address_fold, int limit) {
  co_return co_await sql::submit<std::vector<MailRow>>(
      *state_, Access::read,
      [wanted = std::move(state), fold = std::move(address_fold),
       limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<MailRow>> {
        std::vector<MailRow> mails;
        // Two statements, so that one address is found by its index.
        Rows rows = fold.empty() ? tx.query("SELECT" LATCHKEY_MAIL_COLUMNS
                                            " FROM mail WHERE :state = '' OR state = :state"
                                            " ORDER BY id DESC LIMIT :most",
                                            kMailTypes, {{"state", wanted}, {"most", limit}})
                                 : tx.query("SELECT" LATCHKEY_MAIL_COLUMNS
                                            " FROM mail WHERE address_fold = :fold"
                                            " AND (:state = '' OR state = :state)"
                                            " ORDER BY id DESC LIMIT :most",
                                            kMailTypes,
                                            {{"fold", fold}, {"state", wanted}, {"most", limit}});
        while (rows.next()) mails.push_back(read_mail(rows));
        return mails;
      });
}

Task<StoreResult<std::vector<Suppression>>> Store::list_suppressions(std::string after, int limit) {
  co_return co_await sql::submit<std::vector<Suppression>>(
      *state_, Access::read,
      [after = std::move(after), limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<Suppression>> {
        std::vector<Suppression> suppressions;
        Rows rows = tx.query(
            "SELECT address_fold, reason, created_at FROM mail_suppressions"
            " WHERE address_fold > :after ORDER BY address_fold LIMIT :most",
            "tti", {{"after", after}, {"most", limit}});
        while (rows.next()) suppressions.push_back({rows.text(0), rows.text(1), rows.time(2)});
        return suppressions;
      });
}

Task<StoreResult<bool>> Store::is_suppressed(std::string address_fold) {
  co_return co_await sql::submit<bool>(
      *state_, Access::read,
      [fold = std::move(address_fold)](Transaction& tx) -> StoreResult<bool> {
        return tx
            .query("SELECT 1 FROM mail_suppressions WHERE address_fold = :fold", "i",
                   {{"fold", fold}})
            .next();
      });
}

Task<StoreResult<bool>> Store::remove_suppression(std::string address_fold, Actor actor,
                                                  TimePoint now) {
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [fold = std::move(address_fold), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<bool> {
        const auto removed = tx.execute("DELETE FROM mail_suppressions WHERE address_fold = :fold",
                                        {{"fold", fold}});
        if (removed != 1) return false;
        // The address is personal data, and audit rows stay long.
        tx.audit("mail.unsuppress", actor, "", "", now);
        return true;
      });
}

}  // namespace server::store

// The ledger of back-channel logout: what was queued when a session ended (see endings.h), who
// tries it, and how it went.
#include "server/store/sql/due_rows.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

constexpr int kMostListed = 1'000;

#define LATCHKEY_DELIVERY_COLUMNS                                                                 \
  " id, client_id, uri, sid, subject, state, attempts, last_result, created_at, next_attempt_at," \
  " finished_at"
constexpr char kDeliveryTypes[] = "itttttitiii";

LogoutDelivery read_delivery(const Rows& rows) {
  LogoutDelivery delivery;
  delivery.id = rows.number(0);
  delivery.client_id = rows.text(1);
  delivery.uri = rows.text(2);
  delivery.sid = rows.text(3);
  delivery.subject = rows.text(4);
  delivery.state = rows.text(5);
  delivery.attempts = rows.number(6);
  delivery.last_result = rows.text(7);
  delivery.created_at = rows.time(8);
  delivery.next_attempt_at = rows.time(9);
  delivery.finished_at = rows.maybe_time(10);
  return delivery;
}

// Another node may have taken it since it was found: the UPDATE decides.
std::optional<LogoutDelivery> lease_delivery(Transaction& tx, std::int64_t id, TimePoint until,
                                             TimePoint now) {
  const auto leased = tx.execute(
      "UPDATE logout_deliveries SET next_attempt_at = :until, attempts = attempts + 1"
      " WHERE id = :id AND state = 'queued' AND next_attempt_at <= :now",
      {{"until", until}, {"id", id}, {"now", now}});
  if (leased != 1) return std::nullopt;
  Rows rows = tx.query("SELECT" LATCHKEY_DELIVERY_COLUMNS " FROM logout_deliveries WHERE id = :id",
                       kDeliveryTypes, {{"id", id}});
  if (!rows.next()) return std::nullopt;
  return read_delivery(rows);
}

}  // namespace

Task<StoreResult<std::vector<LogoutDelivery>>> Store::take_logout_deliveries(
    int limit, std::chrono::milliseconds lease, TimePoint now) {
  co_return co_await sql::take_due<LogoutDelivery>(
      *state_,
      "SELECT id FROM logout_deliveries WHERE state = 'queued'"
      " AND next_attempt_at <= :now"
      " ORDER BY next_attempt_at LIMIT :most",
      limit, lease, now, lease_delivery);
}

Task<StoreResult<void>> Store::finish_logout_delivery(std::int64_t id, bool delivered,
                                                      std::string result,
                                                      std::optional<TimePoint> retry_at,
                                                      TimePoint now) {
  co_return co_await sql::submit<void>(
      *state_, Access::write,
      [id, delivered, result = std::move(result), retry_at,
       now](Transaction& tx) -> StoreResult<void> {
        if (!delivered && retry_at) {
          tx.execute(
              "UPDATE logout_deliveries SET last_result = :result, next_attempt_at = :retry_at"
              " WHERE id = :id AND state = 'queued'",
              {{"result", result}, {"retry_at", *retry_at}, {"id", id}});
          return {};
        }
        tx.execute(
            "UPDATE logout_deliveries SET state = :state, last_result = :result,"
            " finished_at = :now WHERE id = :id AND state = 'queued'",
            {{"state", delivered ? "delivered" : "failed"},
             {"result", result},
             {"now", now},
             {"id", id}});
        return {};
      });
}

Task<StoreResult<std::vector<LogoutDelivery>>> Store::list_logout_deliveries(std::string state,
                                                                             int limit) {
  co_return co_await sql::submit<std::vector<LogoutDelivery>>(
      *state_, Access::read,
      [wanted = std::move(state), limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<LogoutDelivery>> {
        std::vector<LogoutDelivery> deliveries;
        Rows rows = tx.query("SELECT" LATCHKEY_DELIVERY_COLUMNS
                             " FROM logout_deliveries WHERE :state = '' OR state = :state"
                             " ORDER BY id DESC LIMIT :most",
                             kDeliveryTypes, {{"state", wanted}, {"most", limit}});
        while (rows.next()) deliveries.push_back(read_delivery(rows));
        return deliveries;
      });
}

}  // namespace server::store

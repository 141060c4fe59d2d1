// Attempts that did not sign in: counted together, so that whoever attacks an account can neither
// fill the table nor drive what else happened off the person's page.
#include <algorithm>

#include "server/store/sql/state.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

namespace {

constexpr std::int64_t kMostRowsOfDay = 20;
constexpr int kMostListed = 1'000;
constexpr std::chrono::hours kDay(24);

TimePoint day_of(TimePoint now) {
  return TimePoint(now.time_since_epoch() - now.time_since_epoch() % kDay);
}

// What the person's day holds so far.
struct DayRows {
  std::int64_t count = 0;
  std::optional<TimePoint> own_last, others_last;  // of the same method
};

DayRows read_day(Transaction& tx, const RefusedSignIn& refused, TimePoint day) {
  Rows rows = tx.query(
      "SELECT COUNT(*), MAX(CASE WHEN network = :network THEN last_at END),"
      " MAX(CASE WHEN network = '' THEN last_at END) FROM ("
      "SELECT network, CASE WHEN method = :method THEN last_at END AS last_at"
      " FROM refused_sign_ins WHERE person = :person AND day = :day) AS of_day",
      "iii",
      {{"network", refused.network},
       {"method", refused.method},
       {"person", refused.person},
       {"day", day}});
  if (!rows.next()) return {};
  return {rows.number(0), rows.maybe_time(1), rows.maybe_time(2)};
}

}  // namespace

Task<StoreResult<void>> Store::note_refused_sign_in(RefusedSignIn refused, TimePoint now) {
  co_return co_await sql::submit<void>(
      *state_, Access::write,
      [refused = std::move(refused), now](Transaction& tx) -> StoreResult<void> {
        // Asked for everybody, so that the same is done for strangers. One who was deleted while
        // the password was checked leaves nothing behind.
        const bool exists =
            tx.query("SELECT id FROM users WHERE id = :person AND deleted_at IS NULL", "t",
                     {{"person", refused.person}})
                .next();
        if (!exists && !refused.decoy) {
          tx.discard();
          return {};
        }
        const auto day = day_of(now);
        const auto held = read_day(tx, refused, day);
        const bool apart = held.own_last || held.count < kMostRowsOfDay;
        const auto& last = apart ? held.own_last : held.others_last;
        if (last && now - *last < refused.spacing) {
          tx.discard();
          return {};
        }
        const std::string none;
        tx.execute(
            "INSERT INTO refused_sign_ins (id, person, decoy, day, network, method, attempts,"
            " first_at, last_at, address, browser) VALUES (:id, :person, :decoy, :day, :network,"
            " :method, 1, :now, :now, :address, :browser)"
            " ON CONFLICT (person, day, network, method) DO UPDATE SET"
            " attempts = refused_sign_ins.attempts + 1, last_at = excluded.last_at,"
            " address = excluded.address, browser = excluded.browser",
            {{"id", tx.next_row()},
             {"person", refused.person},
             {"decoy", refused.decoy},
             {"day", day},
             {"network", apart ? refused.network : none},
             {"method", refused.method},
             {"now", now},
             {"address", apart ? refused.address : none},
             {"browser", apart ? refused.browser : none}});
        return {};
      });
}

Task<StoreResult<std::vector<RefusedRow>>> Store::list_refused_sign_ins(std::string user_id,
                                                                        int limit) {
  co_return co_await sql::submit<std::vector<RefusedRow>>(
      *state_, Access::read,
      [user_id = std::move(user_id), limit = std::clamp(limit, 0, kMostListed)](
          Transaction& tx) -> StoreResult<std::vector<RefusedRow>> {
        std::vector<RefusedRow> refused;
        Rows rows = tx.query(
            "SELECT first_at, last_at, attempts, method, address, browser FROM refused_sign_ins"
            " WHERE person = :person AND decoy = 0 ORDER BY day DESC, last_at DESC LIMIT :most",
            "iiittt", {{"person", user_id}, {"most", limit}});
        while (rows.next()) {
          refused.push_back({rows.time(0), rows.time(1), rows.number(2), rows.text(3), rows.text(4),
                             rows.text(5)});
        }
        return refused;
      });
}

}  // namespace server::store

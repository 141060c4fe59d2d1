// Failures that `latchkey explain` looks up by their event id.
#include "server/store/sql/state.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

Task<StoreResult<void>> Store::insert_failures(std::vector<FailureRow> rows) {
  co_return co_await sql::submit<void>(
      *state_, Access::write, [failures = std::move(rows)](Transaction& tx) -> StoreResult<void> {
        for (const auto& failure : failures) {
          tx.execute(
              "INSERT INTO failures (id, occurred_at, kind, rule, expected, received, client_id,"
              " source, route, status) VALUES (:id, :occurred_at, :kind, :rule, :expected,"
              " :received, :client_id, :source, :route, :status) ON CONFLICT (id) DO NOTHING",
              {{"id", failure.id},
               {"occurred_at", failure.at},
               {"kind", failure.kind},
               {"rule", failure.rule},
               {"expected", failure.expected},
               {"received", failure.received},
               {"client_id", failure.client_id},
               {"source", failure.source},
               {"route", failure.route},
               {"status", failure.status}});
        }
        return {};
      });
}

Task<StoreResult<std::optional<FailureRow>>> Store::find_failure(std::string id) {
  co_return co_await sql::submit<std::optional<FailureRow>>(
      *state_, Access::read,
      [id = std::move(id)](Transaction& tx) -> StoreResult<std::optional<FailureRow>> {
        std::optional<FailureRow> failure;
        Rows rows = tx.query(
            "SELECT id, occurred_at, kind, rule, expected, received, client_id, source, route,"
            " status FROM failures WHERE id = :id",
            "tittttttti", {{"id", id}});
        if (!rows.next()) return failure;
        failure.emplace();
        failure->id = rows.text(0);
        failure->at = rows.time(1);
        failure->kind = rows.text(2);
        failure->rule = rows.text(3);
        failure->expected = rows.text(4);
        failure->received = rows.text(5);
        failure->client_id = rows.text(6);
        failure->source = rows.text(7);
        failure->route = rows.text(8);
        failure->status = static_cast<int>(rows.number(9));
        return failure;
      });
}

}  // namespace server::store

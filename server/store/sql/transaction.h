// Owns: what one unit of work sees: the statements, and whether what it wrote is kept. Began and
// ended by the executor. Also the audit row that each change of state writes.
#pragma once
#include <string_view>

#include "server/store/sql/connection.h"
#include "server/store/sql/row_ids.h"

namespace server::store::sql {

class Transaction {
 public:
  Transaction(Connection& connection, RowIds& ids) : connection_(connection), ids_(ids) {}

  Dialect dialect() const { return connection_.dialect(); }
  Rows query(Sql sql, const char* columns, Binds binds = {}) {
    return connection_.query(sql, columns, binds);
  }
  std::int64_t execute(Sql sql, Binds binds = {}) { return connection_.execute(sql, binds); }
  std::int64_t next_row() { return ids_.next(); }

  // Undoes everything this unit wrote; its result is still answered. Nothing may be written after.
  void discard() { discarded_ = true; }
  bool is_discarded() const { return discarded_; }

  // `action` is a fixed word such as "session.begin", `subject` an id, `detail` holds no secrets.
  void audit(std::string_view action, const Actor& actor, std::string_view subject,
             std::string_view detail, TimePoint now);

 private:
  Connection& connection_;
  RowIds& ids_;
  bool discarded_ = false;
};

}  // namespace server::store::sql

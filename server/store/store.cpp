#include "server/store/store.h"

#include <algorithm>
#include <stdexcept>

#include "server/store/sql/migration.h"
#include "server/store/sql/postgresql_executor.h"
#include "server/store/sql/sqlite_executor.h"
#include "server/store/sql/sqlite_file.h"
#include "server/store/sql/state.h"

namespace server::store {
namespace {

TimePoint clock_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::int64_t prepare(sql::Connection& connection) {
  sql::migrate(connection, sql::schema_steps(embedded_schema::files(), connection.dialect()),
               clock_now());
  return sql::take_node_number(connection);
}

void require_utf8(sql::Connection& connection) {
  const std::string encoding = connection.read_setting("SHOW server_encoding");
  if (encoding == "UTF8") return;
  throw std::runtime_error("The PostgreSQL database has the encoding " + encoding +
                           ": create one with the encoding UTF8.");
}

}  // namespace

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

std::unique_ptr<Store> Store::open(StoreOptions options) {
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  const StoreOptions& wanted = state->options;
  const std::size_t connections = std::max<std::size_t>(wanted.connections, 1);
  try {
    if (wanted.database.starts_with("sqlite:")) {
      const std::string path = wanted.database.substr(7);
      sql::prepare_sqlite_file(path);
      state->dialect = sql::Dialect::sqlite;
      const auto connection = sql::open_sqlite_connection(path, false);
      state->ids = std::make_unique<sql::RowIds>(prepare(*connection));
      state->executor = std::make_unique<sql::SqliteExecutor>(
          path, std::min<std::size_t>(connections, 4), wanted.queue_limit);
    } else if (wanted.database.starts_with("postgresql://") ||
               wanted.database.starts_with("postgres://")) {
      state->dialect = sql::Dialect::postgresql;
      const std::string conninfo = sql::with_connect_defaults(wanted.database);
      const auto connection = sql::open_postgresql_connection(conninfo, wanted.timeout);
      require_utf8(*connection);
      state->ids = std::make_unique<sql::RowIds>(prepare(*connection));
      state->executor = std::make_unique<sql::PostgresqlExecutor>(
          conninfo, connections, wanted.queue_limit, wanted.timeout);
    } else {
      throw std::runtime_error(
          "The setting database begins with neither \"sqlite:\" nor \"postgresql://\".");
    }
  } catch (const sql::SqlError& error) {
    throw std::runtime_error(std::string("The database can't be opened: ") + error.what() + ".");
  }
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

std::int64_t Store::next_row() {
  return state_->ids->next();
}

std::string_view Store::backend() const {
  return state_->dialect == sql::Dialect::sqlite ? "sqlite" : "postgresql";
}

std::size_t Store::queue_depth() const {
  return state_->executor->depth();
}

Task<bool> Store::ping() {
  const auto answer = co_await sql::submit<bool>(
      *state_, sql::Access::read, [](sql::Transaction& tx) -> StoreResult<bool> {
        sql::Rows rows = tx.query("SELECT value FROM meta WHERE name = 'node_sequence'", "i");
        return rows.next();
      });
  co_return answer.has_value() && *answer;
}

}  // namespace server::store

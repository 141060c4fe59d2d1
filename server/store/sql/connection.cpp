#include "server/store/sql/connection.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <array>
#include <cstring>

#include "server/runtime/pool.h"

namespace server::store::sql {
namespace {

constexpr std::size_t kMostStatements = 512;

// The first line only, without the quoted parts that may hold values.
std::string first_line(std::string_view message) {
  std::string out;
  bool quoted = false;
  for (char c : message.substr(0, 300)) {
    if (c == '\n') break;
    if (c == '"') quoted = !quoted;
    if (!quoted || c == '"') out.push_back(c);
  }
  return out;
}

SqlFault sort_sqlite(int code, std::string_view message) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_INTERRUPT:
      return SqlFault::unavailable;
    case SQLITE_CONSTRAINT:
      return message.find("UNIQUE") != std::string_view::npos ? SqlFault::conflict
                                                              : SqlFault::failed;
    default:
      return SqlFault::failed;
  }
}

// PostgreSQL, appendix A.
SqlFault sort_postgresql(std::string_view state) {
  if (state == "23505") return SqlFault::conflict;
  if (state == "40001" || state == "40P01") return SqlFault::retry;
  // Query cancelled (statement_timeout), lock not available.
  if (state == "57014" || state == "55P03") return SqlFault::unavailable;
  // 25P03: idle in transaction for too long; 25006: read only, as a standby is after a failover.
  if (state == "25P03" || state == "25006") return SqlFault::lost;
  const auto kind = state.substr(0, 2);
  if (kind == "08" || kind == "57") return SqlFault::lost;
  if (kind == "53" || kind == "58") return SqlFault::unavailable;
  return SqlFault::failed;
}

[[noreturn]] void rethrow(const char* statement, bool broken) {
  const std::string where = std::string(" in: ") + std::string(statement).substr(0, 80);
  try {
    throw;
  } catch (const SqlError&) {
    throw;
  } catch (const soci::sqlite3_soci_error& error) {
    const std::string message = error.get_error_message();
    throw SqlError(sort_sqlite(error.result(), message),
                   "sqlite " + std::to_string(error.result()) + " " + first_line(message) + where);
  } catch (const soci::postgresql_soci_error& error) {
    // A blank state means that libpq itself failed, whatever it still thinks of its connection.
    const std::string state = error.sqlstate();
    const bool lost = broken || state.find_first_not_of(' ') == std::string::npos;
    throw SqlError(lost ? SqlFault::lost : sort_postgresql(state),
                   "postgresql " + (lost ? std::string("connection lost") : state) + where);
  } catch (const soci::soci_error& error) {
    throw SqlError(broken ? SqlFault::lost : SqlFault::failed,
                   first_line(error.get_error_message()) + where);
  }
}

}  // namespace

StoreError SqlError::to_store_error() const {
  switch (fault_) {
    case SqlFault::unavailable:
    case SqlFault::lost:
    case SqlFault::retry:
      return {StoreFault::unavailable, detail_};
    case SqlFault::conflict:
      return {StoreFault::conflict, detail_};
    case SqlFault::failed:
      return {StoreFault::failed, detail_};
  }
  return {StoreFault::failed, detail_};
}

struct Connection::Session {
  soci::session soci;
  soci::sqlite3_session_backend* sqlite = nullptr;
  soci::postgresql_session_backend* postgresql = nullptr;
};

// Its buffers are the ones SOCI binds and fetches into, so they stay where they are.
struct KeptStatement {
  struct Value {
    std::string name;
    bool is_text = false;
    long long number = 0;
    std::string text;
    soci::indicator indicator = soci::i_ok;
  };
  explicit KeptStatement(soci::session& session, const char* text)
      : statement(session), sql(text) {}

  soci::statement statement;
  const char* sql;
  std::vector<Value> binds;
  std::vector<Value> columns;
  const Connection* connection = nullptr;
  bool open = false;  // a Rows reads from it
  bool has_row = false;
};

Connection::Connection(Dialect dialect, std::unique_ptr<Session> session)
    : dialect_(dialect), session_(std::move(session)) {}

Connection::~Connection() {
  statements_.clear();
  session_.reset();
}

std::unique_ptr<Connection> Connection::open_sqlite(const std::string& path,
                                                    std::chrono::milliseconds busy_timeout) {
  runtime::assert_not_io_thread();
  auto session = std::make_unique<Session>();
  try {
    session->soci.open(soci::sqlite3, "dbname=\"" + path + "\" timeout=5");
    session->sqlite = static_cast<soci::sqlite3_session_backend*>(session->soci.get_backend());
  } catch (const soci::soci_error&) {
    rethrow("open", false);
  }
  if (session->sqlite == nullptr) throw SqlError(SqlFault::failed, "no SQLite session");
  sqlite_api::sqlite3_busy_timeout(session->sqlite->conn_, static_cast<int>(busy_timeout.count()));
  return std::unique_ptr<Connection>(new Connection(Dialect::sqlite, std::move(session)));
}

std::unique_ptr<Connection> Connection::open_postgresql(const std::string& conninfo) {
  runtime::assert_not_io_thread();
  auto session = std::make_unique<Session>();
  try {
    session->soci.open(soci::postgresql, conninfo);
    session->postgresql =
        static_cast<soci::postgresql_session_backend*>(session->soci.get_backend());
  } catch (const soci::soci_error& error) {
    std::string message = error.get_error_message();
    for (char& c : message) {
      if (c == '\n') c = ' ';
    }
    throw SqlError(SqlFault::lost, message.substr(0, 400));
  }
  if (session->postgresql == nullptr) throw SqlError(SqlFault::failed, "no PostgreSQL session");
  // Notices would go to standard error.
  PQsetNoticeProcessor(session->postgresql->conn_, [](void*, const char*) {}, nullptr);
  return std::unique_ptr<Connection>(new Connection(Dialect::postgresql, std::move(session)));
}

KeptStatement& Connection::keep(Sql sql, const char* columns, Binds binds) {
  const auto found = statements_.find(sql.text());
  if (found != statements_.end()) return *found->second;
  if (statements_.size() >= kMostStatements) {
    throw SqlError(SqlFault::failed, "too many prepared statements");
  }
  auto kept = std::make_unique<KeptStatement>(session_->soci, sql.text());
  kept->connection = this;
  kept->binds.resize(binds.size());
  kept->columns.resize(std::strlen(columns));
  soci::statement& statement = kept->statement;
  statement.alloc();
  statement.prepare(sql.text());
  std::size_t i = 0;
  for (const Bind& bind : binds) {
    auto& value = kept->binds[i++];
    value.name = bind.name();
    value.is_text = bind.is_text();
    if (value.is_text) {
      statement.exchange(soci::use(std::as_const(value.text), value.indicator, value.name));
    } else {
      statement.exchange(soci::use(std::as_const(value.number), value.indicator, value.name));
    }
  }
  for (i = 0; i < kept->columns.size(); ++i) {
    auto& value = kept->columns[i];
    value.is_text = columns[i] == 't';
    if (value.is_text) {
      statement.exchange(soci::into(value.text, value.indicator));
    } else {
      statement.exchange(soci::into(value.number, value.indicator));
    }
  }
  statement.define_and_bind();
  return *statements_.emplace(sql.text(), std::move(kept)).first->second;
}

namespace {

void fill(KeptStatement& kept, Binds binds) {
  if (kept.open) {
    throw SqlError(SqlFault::failed, std::string("a statement is in use: ") + kept.sql);
  }
  if (kept.binds.size() != binds.size()) {
    throw SqlError(SqlFault::failed, std::string("wrong number of binds: ") + kept.sql);
  }
  std::size_t i = 0;
  for (const Bind& bind : binds) {
    auto& value = kept.binds[i++];
    if (value.name != bind.name() || value.is_text != bind.is_text()) {
      throw SqlError(SqlFault::failed, std::string("binds changed: ") + kept.sql);
    }
    value.indicator = bind.is_null() ? soci::i_null : soci::i_ok;
    value.number = bind.number();
    value.text.assign(bind.text());
  }
}

}  // namespace

Rows Connection::query(Sql sql, const char* columns, Binds binds) {
  try {
    KeptStatement& kept = keep(sql, columns, binds);
    fill(kept, binds);
    kept.has_row = kept.statement.execute(true);
    return Rows(kept);
  } catch (const soci::soci_error&) {
    rethrow(sql.text(), is_broken());
  }
}

std::int64_t Connection::execute(Sql sql, Binds binds) {
  try {
    KeptStatement& kept = keep(sql, "", binds);
    fill(kept, binds);
    kept.statement.execute(true);
    return kept.statement.get_affected_rows();
  } catch (const soci::soci_error&) {
    rethrow(sql.text(), is_broken());
  }
}

void Connection::run_script(std::string_view script) {
  std::string statement;
  while (!script.empty()) {
    const auto end = script.find('\n');
    std::string_view line = script.substr(0, end);
    script.remove_prefix(end == std::string_view::npos ? script.size() : end + 1);
    if (const auto comment = line.find("--"); comment != std::string_view::npos) {
      line = line.substr(0, comment);
    }
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    statement.append(line).push_back('\n');
    if (line.back() != ';' && !script.empty()) continue;
    try {
      soci::statement once(session_->soci);
      once.alloc();
      once.prepare(statement, soci::details::st_one_time_query);
      once.define_and_bind();
      once.execute(true);
    } catch (const soci::soci_error&) {
      rethrow(statement.c_str(), is_broken());
    }
    statement.clear();
  }
}

std::string Connection::read_setting(const std::string& query) {
  try {
    std::string value;
    soci::indicator indicator = soci::i_ok;
    soci::statement once(session_->soci);
    once.alloc();
    once.prepare(query, soci::details::st_one_time_query);
    once.exchange(soci::into(value, indicator));
    once.define_and_bind();
    if (!once.execute(true) || indicator == soci::i_null) value.clear();
    std::string rest = value;
    while (once.fetch()) {
    }
    return rest;
  } catch (const soci::soci_error&) {
    rethrow(query.c_str(), is_broken());
  }
}

bool Connection::is_idle() const {
  if (session_->sqlite != nullptr) {
    return sqlite_api::sqlite3_get_autocommit(session_->sqlite->conn_) != 0;
  }
  return PQtransactionStatus(session_->postgresql->conn_) == PQTRANS_IDLE;
}

bool Connection::is_broken() const {
  return session_->postgresql != nullptr && PQstatus(session_->postgresql->conn_) != CONNECTION_OK;
}

int Connection::socket() const {
  return session_->postgresql != nullptr ? PQsocket(session_->postgresql->conn_) : -1;
}

Rows::Rows(KeptStatement& statement) : statement_(statement) {
  statement_.open = true;
}

Rows::~Rows() {
  try {
    while (!done_) {
      if (!next()) break;
    }
  } catch (...) {
    done_ = true;  // the statement has ended; its next run resets it
  }
  statement_.open = false;
}

bool Rows::next() {
  if (done_) return false;
  try {
    if (first_) {
      first_ = false;
    } else {
      statement_.has_row = statement_.statement.fetch();
    }
  } catch (const soci::soci_error&) {
    done_ = true;
    rethrow(statement_.sql, statement_.connection->is_broken());
  }
  done_ = !statement_.has_row;
  return !done_;
}

bool Rows::is_null(std::size_t column) const {
  return statement_.columns.at(column).indicator == soci::i_null;
}

std::int64_t Rows::number(std::size_t column) const {
  const auto& value = statement_.columns.at(column);
  if (value.indicator == soci::i_null || value.is_text) {
    throw SqlError(SqlFault::failed, std::string("no number in: ") + statement_.sql);
  }
  return value.number;
}

const std::string& Rows::text(std::size_t column) const {
  const auto& value = statement_.columns.at(column);
  if (value.indicator == soci::i_null || !value.is_text) {
    throw SqlError(SqlFault::failed, std::string("no text in: ") + statement_.sql);
  }
  return value.text;
}

std::optional<std::int64_t> Rows::maybe_number(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return number(column);
}

std::optional<TimePoint> Rows::maybe_time(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

std::string Rows::text_or_empty(std::size_t column) const {
  return is_null(column) ? std::string() : text(column);
}

}  // namespace server::store::sql

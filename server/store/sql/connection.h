// Owns: one database session with its kept prepared statements. Named binds only, typed columns,
// and errors sorted by what may be done about them. The only way to SOCI; knows no table.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "server/store/store.h"

namespace server::store::sql {

enum class Dialect { sqlite, postgresql };

enum class SqlFault {
  unavailable,  // locked, timed out, disk full: the statement did nothing
  lost,         // the session is dead and must be replaced
  retry,        // a serialization failure or deadlock: the whole transaction may be run again
  conflict,     // a unique value exists already
  failed,       // a bug or a damaged row
};

// `detail` holds codes and the fixed text of statements, never a bound value.
class SqlError : public std::exception {
 public:
  SqlError(SqlFault fault, std::string detail) : fault_(fault), detail_(std::move(detail)) {}
  const char* what() const noexcept override { return detail_.c_str(); }
  SqlFault fault() const { return fault_; }
  StoreError to_store_error() const;

 private:
  SqlFault fault_;
  std::string detail_;
};

// The text of a statement: a literal, so that no value can ever become a part of it.
class Sql {
 public:
  consteval Sql(const char* text) : text_(text) {}  // NOLINT: literals convert silently
  const char* text() const { return text_; }

 private:
  const char* text_;
};

// One named value. The type of a name never changes between two runs of a statement.
class Bind {
 public:
  Bind(const char* name, std::int64_t value) : name_(name), number_(value) {}
  Bind(const char* name, int value) : Bind(name, std::int64_t{value}) {}
  Bind(const char* name, bool value) : Bind(name, std::int64_t{value ? 1 : 0}) {}
  Bind(const char* name, TimePoint value) : Bind(name, oidc::to_millis(value)) {}
  Bind(const char* name, std::string_view value) : name_(name), is_text_(true), text_(value) {}
  Bind(const char* name, const std::string& value) : Bind(name, std::string_view(value)) {}
  Bind(const char* name, const char* value) : Bind(name, std::string_view(value)) {}
  Bind(const char* name, std::optional<std::int64_t> value)
      : name_(name), is_null_(!value), number_(value.value_or(0)) {}
  Bind(const char* name, std::optional<TimePoint> value)
      : name_(name), is_null_(!value), number_(value ? oidc::to_millis(*value) : 0) {}

  const char* name() const { return name_; }
  bool is_text() const { return is_text_; }
  bool is_null() const { return is_null_; }
  std::int64_t number() const { return number_; }
  std::string_view text() const { return text_; }

 private:
  const char* name_;
  bool is_text_ = false;
  bool is_null_ = false;
  std::int64_t number_ = 0;
  std::string_view text_;
};
using Binds = std::initializer_list<Bind>;

struct KeptStatement;

// The rows of one query. Reading ends with next() being false or with the destructor, which fetches
// what is left: an open statement would hold back COMMIT and checkpoints.
class Rows {
 public:
  explicit Rows(KeptStatement& statement);
  ~Rows();
  Rows(const Rows&) = delete;

  bool next();
  // Columns count from 0. A NULL where none may be is a SqlError.
  std::int64_t number(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  bool flag(std::size_t column) const { return number(column) != 0; }
  TimePoint time(std::size_t column) const { return oidc::from_millis(number(column)); }
  bool is_null(std::size_t column) const;
  std::optional<std::int64_t> maybe_number(std::size_t column) const;
  std::optional<TimePoint> maybe_time(std::size_t column) const;
  std::string text_or_empty(std::size_t column) const;

 private:
  KeptStatement& statement_;
  bool first_ = true;
  bool done_ = false;
};

class Connection {
 public:
  // Both throw SqlError. `timeout` bounds each statement's wait for locks.
  static std::unique_ptr<Connection> open_sqlite(const std::string& path,
                                                 std::chrono::milliseconds busy_timeout);
  static std::unique_ptr<Connection> open_postgresql(const std::string& conninfo);
  ~Connection();
  Connection(const Connection&) = delete;

  Dialect dialect() const { return dialect_; }
  // Runs a query. `columns` has one letter for each column: 'i' 64-bit number, 't' text.
  Rows query(Sql sql, const char* columns, Binds binds = {});
  // Runs a statement; the number of rows it touched.
  std::int64_t execute(Sql sql, Binds binds = {});
  // Runs statements that are no literals here (schema files, settings). Ends of statements are
  // semicolons at the end of a line; "--" comments are dropped.
  void run_script(std::string_view script);
  // The one value of a query without binds, such as a PRAGMA. Not kept.
  std::string read_setting(const std::string& query);

  // True when no transaction is open, as the client library sees it.
  bool is_idle() const;
  // True when the client library knows that the session is dead.
  bool is_broken() const;
  // The socket of a PostgreSQL session, to shut it down from outside; -1 on SQLite.
  int socket() const;

 private:
  struct Session;
  Connection(Dialect dialect, std::unique_ptr<Session> session);
  KeptStatement& keep(Sql sql, const char* columns, Binds binds);

  Dialect dialect_;
  std::unique_ptr<Session> session_;
  std::unordered_map<const char*, std::unique_ptr<KeptStatement>> statements_;
};

}  // namespace server::store::sql

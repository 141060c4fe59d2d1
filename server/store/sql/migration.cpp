#include "server/store/sql/migration.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/crypto/digest.h"

namespace server::store::sql {
namespace {

constexpr std::string_view kLedger =
    "CREATE TABLE IF NOT EXISTS schema_migrations (\n"
    "  number bigint PRIMARY KEY,\n"
    "  name text NOT NULL,\n"
    "  checksum text NOT NULL,\n"
    "  applied_at bigint NOT NULL\n"
    ");\n";

// Any number that no other program is likely to lock on the same database.
constexpr std::int64_t kMigrationLock = 0x6c6b5f736368656d;

// Commands from another process may hold the file for a moment.
void begin(Connection& connection) {
  if (connection.dialect() == Dialect::postgresql) {
    connection.execute("BEGIN");
    connection.run_script(
        "SET LOCAL statement_timeout = 60000;\nSET LOCAL lock_timeout = 60000;\n");
    connection.query("SELECT 1::bigint FROM pg_advisory_xact_lock(:lock)", "i",
                     {{"lock", kMigrationLock}});
    return;
  }
  for (int attempt = 0;; ++attempt) {
    try {
      connection.execute("BEGIN IMMEDIATE");
      return;
    } catch (const SqlError& error) {
      if (error.fault() != SqlFault::unavailable || attempt == 60) throw;
    }
  }
}

void roll_back(Connection& connection) {
  try {
    if (!connection.is_idle()) connection.execute("ROLLBACK");
  } catch (const SqlError&) {
    return;  // the connection is not used again
  }
}

void check_ledger(Connection& connection, const std::vector<SchemaStep>& steps,
                  std::size_t& applied) {
  Rows rows =
      connection.query("SELECT number, checksum FROM schema_migrations ORDER BY number", "it");
  for (applied = 0; rows.next(); ++applied) {
    const std::int64_t number = rows.number(0);
    if (applied >= steps.size() || steps[applied].number != number) {
      throw std::runtime_error("The database has schema " + std::to_string(number) +
                               ", which this program does not know: it was made by a newer "
                               "Latchkey, so start that one.");
    }
    if (steps[applied].checksum != rows.text(1)) {
      throw std::runtime_error("The database was made by another text of schema step " +
                               steps[applied].name +
                               " than the one in this program: restore the release that made it.");
    }
  }
}

}  // namespace

std::vector<SchemaStep> schema_steps(const std::vector<oidc::EmbeddedFile>& files,
                                     Dialect dialect) {
  const std::string_view other = dialect == Dialect::sqlite ? ".postgresql.sql" : ".sqlite.sql";
  std::vector<SchemaStep> steps;
  for (const auto& file : files) {
    if (file.name.ends_with(other)) continue;
    const auto number = oidc::parse_unsigned(file.name.substr(0, 4));
    if (!number)
      throw std::runtime_error("Schema file without a number: " + std::string(file.name));
    steps.push_back({*number, std::string(file.name), file.contents,
                     oidc::base64url_encode(oidc::crypto::sha256(file.contents))});
  }
  std::ranges::sort(steps, {}, &SchemaStep::number);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].number != static_cast<std::int64_t>(i) + 1) {
      throw std::runtime_error("The schema files are not numbered one by one: " + steps[i].name);
    }
  }
  return steps;
}

void migrate(Connection& connection, const std::vector<SchemaStep>& steps, TimePoint now) {
  try {
    begin(connection);
    connection.run_script(kLedger);
    std::size_t applied = 0;
    check_ledger(connection, steps, applied);
    for (; applied < steps.size(); ++applied) {
      const SchemaStep& step = steps[applied];
      connection.run_script(step.script);
      connection.execute(
          "INSERT INTO schema_migrations (number, name, checksum, applied_at)"
          " VALUES (:number, :name, :checksum, :now)",
          {{"number", step.number},
           {"name", step.name},
           {"checksum", step.checksum},
           {"now", now}});
    }
    connection.execute("COMMIT");
  } catch (...) {
    roll_back(connection);
    throw;
  }
}

std::int64_t take_node_number(Connection& connection) {
  try {
    begin(connection);
    connection.execute("UPDATE meta SET value = value + 1 WHERE name = 'node_sequence'");
    std::int64_t number = 0;
    {
      Rows rows = connection.query("SELECT value FROM meta WHERE name = 'node_sequence'", "i");
      if (!rows.next()) throw std::runtime_error("The database has lost its row of node numbers.");
      number = rows.number(0);
    }
    connection.execute("COMMIT");
    return number;
  } catch (...) {
    roll_back(connection);
    throw;
  }
}

}  // namespace server::store::sql

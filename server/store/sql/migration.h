// Owns: bringing a database to the schema of this program: forward only, checksummed, under a lock.
#pragma once
#include <cstdint>

#include "oidc/base/embedded.h"
#include "server/store/sql/connection.h"

// Generated from schema/*.sql by script/embed.cmake.
namespace embedded_schema {
const std::vector<oidc::EmbeddedFile>& files();
}

namespace server::store::sql {

// One step for one dialect. "0001_initial.sql" serves both; "0001_initial.sqlite.sql" one.
struct SchemaStep {
  std::int64_t number = 0;
  std::string name;
  std::string_view script;
  std::string checksum;  // base64url SHA-256 of the script
};

// In order of number. Throws std::runtime_error when numbers are missing or repeated.
std::vector<SchemaStep> schema_steps(const std::vector<oidc::EmbeddedFile>& files, Dialect dialect);

// Throws std::runtime_error with one sentence when the database is newer than `steps`, or was made
// by another text of one of them; SqlError when a statement fails: then nothing has changed.
void migrate(Connection& connection, const std::vector<SchemaStep>& steps, TimePoint now);

// The next of the numbers that tell the nodes of one database apart.
std::int64_t take_node_number(Connection& connection);

}  // namespace server::store::sql

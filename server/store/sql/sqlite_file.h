// Owns: what must hold for the file of an SQLite database before it is opened: a local file system,
// and mode 0600 from the first byte on.
#pragma once
#include <string>

namespace server::store::sql {

// Creates the file if there is none. Throws std::runtime_error with one sentence.
void prepare_sqlite_file(const std::string& path);

}  // namespace server::store::sql

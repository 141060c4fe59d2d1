// Owns: a Provider on a fresh SQLite file, with cheap password hashes, for tests of what stands on
// it.
#pragma once
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "server/keys/master_key.h"
#include "server/observe/log.h"
#include "server/provider/provider.h"
#include "tests/support/run_task.h"

namespace app_test {

using support::run;
using support::run_all;

inline oidc::TimePoint clock_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

class TempFolder {
 public:
  TempFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "latchkey-unit-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  TempFolder(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// The database file, past the store.
inline std::string run_sql(const std::string& path, const std::string& statement) {
  sqlite3* database = nullptr;
  if (sqlite3_open(path.c_str(), &database) != SQLITE_OK) throw std::runtime_error("sqlite3_open");
  sqlite3_busy_timeout(database, 5'000);
  std::string value;
  const auto keep = [](void* into, int count, char** columns, char**) {
    if (count > 0) *static_cast<std::string*>(into) = columns[0] != nullptr ? columns[0] : "";
    return 0;
  };
  char* message = nullptr;
  const int code = sqlite3_exec(database, statement.c_str(), keep, &value, &message);
  const std::string text = message != nullptr ? message : "";
  sqlite3_free(message);
  sqlite3_close(database);
  if (code != SQLITE_OK) throw std::runtime_error(text);
  return value;
}

inline constexpr oidc::crypto::Argon2Cost kCheap{64, 1, 1};

inline std::unique_ptr<server::keys::KeyRing> open_ring(server::store::Store& store,
                                                        const oidc::KeyBytes& master_key) {
  auto ring = run(server::keys::KeyRing::open(store, master_key, clock_now()));
  if (!ring) throw std::runtime_error(ring.error());
  return std::move(*ring);
}

// A database with its keys, made once and copied: RSA keys take their time.
class Template {
 public:
  static const Template& get() {
    static const Template made;
    return made;
  }
  // Returns `path`.
  std::string copy_to(std::string path) const {
    std::filesystem::copy_file(path_, path);
    return path;
  }
  const oidc::KeyBytes& master_key() const { return master_key_; }

 private:
  Template() {
    server::observe::configure_log(server::observe::LogLevel::error,
                                   server::observe::LogFormat::json);
    open_ring(*server::store::Store::open({.database = "sqlite:" + path_}), master_key_);
    // Into the one file that is copied.
    run_sql(path_, "PRAGMA wal_checkpoint(TRUNCATE)");
  }
  TempFolder folder_;
  std::string path_ = folder_ / "template.db";
  oidc::KeyBytes master_key_ = server::keys::throwaway_master_key();
};

struct World {
  TempFolder folder;
  std::string database = Template::get().copy_to(folder / "latchkey.db");
  oidc::KeyBytes master_key = Template::get().master_key();
  server::config::Config config;
  std::unique_ptr<server::store::Store> store =
      server::store::Store::open({.database = "sqlite:" + database});
  std::unique_ptr<server::keys::KeyRing> keys = open_ring(*store, master_key);
  server::page::Pages pages{server::page::Brand{}};
  server::account::Passwords passwords{
      server::account::PasswordOptions{.threads = 2, .queue_limit = 64, .cost = kCheap}};
  server::outbound::Outbound outbound{server::outbound::OutboundOptions{}};
  server::provider::ClientKeys client_keys{outbound};
  server::observe::EventRing failures;
  server::observe::MetricsRegistry registry;
  server::observe::ServerMetrics metrics{registry};
  server::provider::Provider provider{.config = config,
                                      .issuer = "https://id.test",
                                      .store = *store,
                                      .keys = *keys,
                                      .pages = pages,
                                      .passwords = passwords,
                                      .outbound = outbound,
                                      .client_keys = client_keys,
                                      .failures = failures,
                                      .metrics = metrics};
  server::store::Actor actor{"operator", ""};
};

}  // namespace app_test

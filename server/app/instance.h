// Owns: the composition root: builds every part in order, runs them, and takes them down in
// reverse.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "oidc/base/secret.h"
#include "oidc/metadata/features.h"
#include "server/config/config.h"
#include "server/http/server.h"
#include "server/keys/key_ring.h"
#include "server/mail/carrier.h"
#include "server/provider/provider.h"

namespace server::app {

struct InstanceOptions {
  config::Config config;
  bool dev = false;
  page::SeededPerson seeded;  // shown on the home page of `latchkey dev`
  // Adds routes of `latchkey dev` (the demo application).
  std::function<void(http::Router&, const provider::Provider&)> add_routes;
  // Called before the listeners open, to seed people and clients.
  std::function<void(const provider::Provider&)> prepare;
  // Takes all mail in place of the mail server.
  std::unique_ptr<mail::Carrier> carrier = nullptr;
};

class Instance {
 public:
  // Opens database, keys and listeners. Throws std::runtime_error with one sentence.
  explicit Instance(InstanceOptions options);
  ~Instance();
  Instance(const Instance&) = delete;

  std::vector<std::string> addresses() const;
  const std::string& issuer() const;
  // Blocks until SIGTERM or SIGINT, then drains and returns. Signals must be blocked in all threads
  // (see block_signals) before the constructor runs.
  void run_until_signal();

 private:
  struct State;
  void start_background();

  std::unique_ptr<State> state_;
};

// Blocks SIGTERM, SIGINT and SIGHUP in this thread and those it starts; ignores SIGPIPE.
void block_signals();

// What `server/admin` and the server share in opening their parts.
store::StoreOptions store_options(const config::Config& config);
account::PasswordOptions password_options(const config::Config& config);
keys::KeyTimes key_times(const config::Config& config);
oidc::metadata::Features features_of(const config::Config& config);
// The master key by the settings: the file named, or one beside an SQLite database, which is made
// if it is missing and `store` holds no keys yet.
std::expected<oidc::KeyBytes, std::string> open_master_key(const config::Config& config,
                                                           store::Store& store);
// The key ring on that master key. Errors: a sentence. Not for I/O threads.
std::expected<std::unique_ptr<keys::KeyRing>, std::string> open_key_ring(
    const config::Config& config, store::Store& store);

}  // namespace server::app

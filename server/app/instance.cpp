#include "server/app/instance.h"

#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "server/app/error_answer.h"
#include "server/app/management.h"
#include "server/endpoint/routes.h"
#include "server/keys/master_key.h"
#include "server/observe/log.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

using std::chrono::milliseconds;

oidc::TimePoint now() {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

[[noreturn]] void stop(const std::string& sentence) {
  throw std::runtime_error(sentence);
}

template <class T>
T value_or_stop(std::expected<T, std::string> result) {
  if (!result) stop(result.error());
  return std::move(*result);
}

// What `Host` may say: the issuer's, with and without the default port.
std::vector<std::string> hosts_of(const oidc::Uri& issuer) {
  const auto host = oidc::to_lower_ascii(issuer.host);
  const std::string standard = issuer.scheme == "https" ? "443" : "80";
  if (!issuer.port.empty() && issuer.port != standard) return {host + ":" + issuer.port};
  return {host, host + ":" + standard};
}

// Background work: writes failures to the database, removes expired rows.
class Janitor {
 public:
  Janitor(store::Store& store, observe::EventRing& failures)
      : store_(store), failures_(failures), thread_([this] { loop(); }) {}
  ~Janitor() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    flush();
  }

 private:
  void loop() {
    int second = 0;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, milliseconds(1000), [this] { return stopping_; })) {
      lock.unlock();
      flush();
      if (++second % 30 == 0) clean();
      lock.lock();
    }
  }

  void flush() {
    while (true) {
      auto batch = failures_.take(200);
      if (batch.empty()) return;
      std::vector<store::FailureRow> rows;
      for (const auto& e : batch) {
        rows.push_back({.id = e.id,
                        .at = e.at,
                        .kind = e.kind,
                        .rule = e.rule,
                        .expected = e.expected,
                        .received = e.received,
                        .client_id = e.client_id,
                        .source = e.source,
                        .route = e.route,
                        .status = e.status});
      }
      if (!runtime::run_blocking(store_.insert_failures(std::move(rows)))) {
        failures_.give_back(std::move(batch));
        return;
      }
    }
  }

  void clean() {
    // Small batches, so that sign-ins never wait for long.
    for (int round = 0; round < 20; ++round) {
      const auto removed = runtime::run_blocking(store_.remove_expired(now(), 500));
      if (!removed) {
        observe::log_warn("cleanup_failed", {{"detail", removed.error().detail}});
        return;
      }
      if (*removed == 0) return;
    }
  }

  store::Store& store_;
  observe::EventRing& failures_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

// SIGHUP: a renewed certificate is taken up; one that can't be used leaves the old one in place.
void reload_certificate(http::Server& server) {
  try {
    server.reload_certificate();
    observe::log_info("certificate_reloaded");
  } catch (const std::exception& error) {
    observe::log_error("certificate_not_reloaded", {{"detail", error.what()}});
  }
}

}  // namespace

struct Instance::State {
  // In the order in which they are built; destroyed in reverse.
  InstanceOptions options;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<keys::KeyRing> keys;
  std::unique_ptr<page::Pages> pages;
  std::unique_ptr<account::Passwords> passwords;
  observe::EventRing failures;
  observe::MetricsRegistry registry;
  observe::ServerMetrics metrics{registry};
  std::unique_ptr<provider::Provider> provider;
  std::atomic<bool> draining{false};
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> management;
  std::unique_ptr<Janitor> janitor;
};

Instance::Instance(InstanceOptions options) : state_(std::make_unique<State>()) {
  auto& s = *state_;
  s.options = std::move(options);
  const auto& config = s.options.config;
  const auto issuer = value_or_stop(config::validate_issuer(config.issuer));
  const auto uri = oidc::Uri::parse(issuer);

  // The database climbs its ladder of migrations when it is opened.
  s.store = store::Store::open(store_options(config));
  auto master_key = value_or_stop(open_master_key(config, *s.store));
  s.keys = value_or_stop(
      runtime::run_blocking(keys::KeyRing::open(*s.store, std::move(master_key), now())));
  s.pages = std::make_unique<page::Pages>(page::Brand{config.service_name});
  s.passwords = std::make_unique<account::Passwords>(password_options(config));
  s.provider = std::make_unique<provider::Provider>(
      provider::Provider{.config = config,
                         .issuer = issuer,
                         .is_https = uri->scheme == "https",
                         .issuer_on_loopback = oidc::is_loopback_host(uri->host),
                         .lifetimes = {.access_token = config.access_token_lifetime,
                                       .id_token = config.id_token_lifetime,
                                       .authorization_code = config.authorization_code_lifetime,
                                       .refresh_idle = config.refresh_token_idle_lifetime,
                                       .refresh_absolute = config.refresh_token_absolute_lifetime,
                                       .refresh_grace = config.refresh_grace},
                         .store = *s.store,
                         .keys = *s.keys,
                         .pages = *s.pages,
                         .passwords = *s.passwords,
                         .failures = s.failures,
                         .metrics = s.metrics});
  if (s.options.prepare) s.options.prepare(*s.provider);

  auto router = endpoint::make_router(*s.provider, [&s] { return s.draining.load(); },
                                      {issuer, s.options.dev, s.options.seeded});
  if (s.options.add_routes) s.options.add_routes(router, *s.provider);
  s.server = std::make_unique<http::Server>(
      http::ServerOptions{.listen = config.listen,
                          .tls_cert_file = config.tls_cert_file,
                          .tls_key_file = config.tls_key_file,
                          .allowed_hosts = hosts_of(*uri),
                          .any_host_paths = {"/livez", "/readyz"},
                          .trusted_proxies = config.trusted_proxies,
                          .threads = static_cast<std::size_t>(config.io_threads),
                          .max_connections = static_cast<std::size_t>(config.max_connections)},
      std::move(router), endpoint::make_cors_origins(*s.provider), make_error_answer(*s.provider),
      [&s](const http::AccessRecord& record) {
        const std::string_view route = record.route ? record.route->path : std::string_view();
        s.metrics.request(route, to_string(record.request.method), record.status, record.duration);
        observe::log_debug("request", {{"route", route},
                                       {"method", to_string(record.request.method)},
                                       {"status", record.status},
                                       {"duration_us", record.duration.count()}});
      });
  register_gauges(s.registry, *s.store, *s.passwords, *s.server, s.failures);
  if (!config.management_listen.empty()) {
    s.management =
        make_management_server(config, s.registry, *s.provider, [&s] { return s.draining.load(); });
    s.management->start();
  }
  s.janitor = std::make_unique<Janitor>(*s.store, s.failures);
  s.server->on_exception(
      [](std::string_view what) { observe::log_error("handler_exception", {{"detail", what}}); });
  s.server->start();
}

Instance::~Instance() {
  auto& s = *state_;
  // After drain() no I/O thread runs, so what the pools still complete goes nowhere; only then may
  // the pools end, and after them the servers, which own the coroutines that waited.
  for (auto* server : {s.server.get(), s.management.get()}) {
    if (server) server->drain(milliseconds(0));
  }
  s.janitor.reset();
  s.passwords.reset();
  s.store.reset();
  s.server.reset();
  s.management.reset();
}

std::vector<std::string> Instance::addresses() const {
  return state_->server->addresses();
}

const std::string& Instance::issuer() const {
  return state_->provider->issuer;
}

void Instance::run_until_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  auto& s = *state_;
  int signal = 0;
  while (sigwait(&set, &signal) != 0 || signal == SIGHUP) {
    if (signal == SIGHUP) reload_certificate(*s.server);
  }
  observe::log_info("stopping", {{"signal", signal}});
  s.draining = true;
  s.server->drain(s.options.config.shutdown_grace);
}

void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

store::StoreOptions store_options(const config::Config& config) {
  constexpr std::string_view sqlite = "sqlite:";
  std::string database = config.database;
  if (database.starts_with(sqlite)) {
    database = std::string(sqlite) + config::in_data_dir(config, database.substr(sqlite.size()));
  }
  return {.database = std::move(database),
          .connections = static_cast<std::size_t>(config.database_connections),
          .timeout = config.database_timeout};
}

account::PasswordOptions password_options(const config::Config& config) {
  const std::size_t cores = std::max(2u, std::thread::hardware_concurrency());
  return {.threads = config.password_threads > 0 ? static_cast<std::size_t>(config.password_threads)
                                                 : cores - 1,
          .queue_limit = static_cast<std::size_t>(config.password_queue),
          .cost = {.memory_kib = static_cast<std::uint32_t>(config.password_memory_kib),
                   .iterations = static_cast<std::uint32_t>(config.password_iterations),
                   .lanes = 1},
          .min_length = static_cast<std::size_t>(config.password_min_length)};
}

std::expected<oidc::KeyBytes, std::string> open_master_key(const config::Config& config,
                                                           store::Store& store) {
  if (!config.master_key_file.empty()) {
    return keys::load_master_key(config.master_key_file, /*create=*/false);
  }
  if (!config.database.starts_with("sqlite:")) {
    return std::unexpected("With PostgreSQL the setting master_key_file is required.");
  }
  const std::string path = config::in_data_dir(config, "latchkey-master.key");
  if (auto sound = config::check_key_file("master_key_file", path);
      !sound && ::access(path.c_str(), F_OK) == 0) {
    return std::unexpected(sound.error());
  }
  const auto rows = runtime::run_blocking(store.list_signing_keys());
  if (!rows) return std::unexpected("The keys cannot be read: " + rows.error().detail);
  return keys::load_master_key(path, /*create=*/rows->empty());
}

}  // namespace server::app

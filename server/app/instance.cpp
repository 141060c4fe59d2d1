#include "server/app/instance.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "server/app/certificate_watch.h"
#include "server/app/clock.h"
#include "server/app/error_answer.h"
#include "server/app/janitor.h"
#include "server/app/key_watch.h"
#include "server/app/management.h"
#include "server/endpoint/routes.h"
#include "server/keys/master_key.h"
#include "server/mail/courier.h"
#include "server/observe/log.h"
#include "server/page/static_files.h"
#include "server/provider/back_channel.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

using std::chrono::milliseconds;

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

oidc::metadata::Registration registration_of(const std::string& word) {
  using oidc::metadata::Registration;
  if (word == "open") return Registration::open;
  return word == "closed" ? Registration::closed : Registration::token;
}

// Mail servers want a name in EHLO, or an address in brackets (RFC 5321 §4.1.3).
std::string hello_name(const std::string& host) {
  if (host.starts_with('[')) return "[IPv6:" + host.substr(1);
  const bool is_address = host.find_first_not_of("0123456789.") == std::string::npos;
  return is_address ? "[" + host + "]" : host;
}

std::unique_ptr<mail::Carrier> make_carrier(const config::Config& config) {
  const auto issuer = oidc::Uri::parse(config.issuer);
  return std::make_unique<mail::SmtpCarrier>(
      outbound::SmtpOptions{.url = config.smtp_url,
                            .plain = config.smtp_plain,
                            .ca_file = config.outbound_ca_file,
                            .hello_name = hello_name(issuer ? issuer->host : "")},
      config.mail_from);
}

}  // namespace

struct Instance::State {
  // In the order in which they are built; destroyed in reverse.
  InstanceOptions options;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<keys::KeyRing> keys;
  std::unique_ptr<page::Pages> pages;
  std::unique_ptr<account::Passwords> passwords;
  std::unique_ptr<outbound::Outbound> outbound;
  std::unique_ptr<provider::ClientKeys> client_keys;
  observe::EventRing failures;
  observe::MetricsRegistry registry;
  observe::ServerMetrics metrics{registry};
  std::unique_ptr<provider::Provider> provider;
  std::atomic<bool> draining{false};
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> management;
  // Threads of their own, which use all of the above.
  std::unique_ptr<Janitor> janitor;
  std::unique_ptr<KeyWatch> key_watch;
  std::unique_ptr<provider::BackChannel> back_channel;
  std::unique_ptr<mail::Courier> courier;
  std::unique_ptr<CertificateWatch> certificate_watch;
};

Instance::Instance(InstanceOptions options) : state_(std::make_unique<State>()) {
  auto& s = *state_;
  s.options = std::move(options);
  const auto& config = s.options.config;
  const auto issuer = value_or_stop(config::validate_issuer(config.issuer));
  const auto uri = oidc::Uri::parse(issuer);

  // The database climbs its ladder of migrations when it is opened.
  s.store = store::Store::open(store_options(config));
  s.keys = value_or_stop(open_key_ring(config, *s.store));
  s.pages = std::make_unique<page::Pages>(page::Brand{config.service_name}, config.templates_dir);
  s.passwords = std::make_unique<account::Passwords>(password_options(config));
  s.outbound = std::make_unique<outbound::Outbound>(
      outbound::OutboundOptions{.allowed_addresses = config.outbound_allowed_addresses,
                                .ca_file = config.outbound_ca_file,
                                .timeout = config.outbound_timeout});
  s.client_keys = std::make_unique<provider::ClientKeys>(*s.outbound);
  s.provider = std::make_unique<provider::Provider>(
      provider::Provider{.config = config,
                         .issuer = issuer,
                         .is_https = uri->scheme == "https",
                         .issuer_on_loopback = oidc::is_loopback_host(uri->host),
                         .features = features_of(config),
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
                         .outbound = *s.outbound,
                         .client_keys = *s.client_keys,
                         .failures = s.failures,
                         .metrics = s.metrics});
  if (s.options.prepare) s.options.prepare(*s.provider);

  auto router =
      endpoint::make_router(*s.provider, [&s] { return s.draining.load(); },
                            {.issuer = issuer, .dev = s.options.dev, .seeded = s.options.seeded});
  if (s.options.add_routes) s.options.add_routes(router, *s.provider);
  s.server = std::make_unique<http::Server>(
      http::ServerOptions{.listen = config.listen,
                          .tls_cert_file = config.tls_cert_file,
                          .tls_key_file = config.tls_key_file,
                          .allowed_hosts = hosts_of(*uri),
                          // The page for unknown names is to be seen as it is meant.
                          .any_host_paths = {"/livez", "/readyz", page::static_address("style.css"),
                                             page::static_address("icon.svg")},
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
  s.server->on_exception(
      [](std::string_view what) { observe::log_error("handler_exception", {{"detail", what}}); });
  s.server->start();
  start_background();
}

void Instance::start_background() {
  auto& s = *state_;
  const auto& config = s.options.config;
  s.janitor =
      std::make_unique<Janitor>(*s.store, s.failures, config.registration_unverified_lifetime);
  s.key_watch = std::make_unique<KeyWatch>(*s.keys, *s.store, [&s] {
    // A token that was found good under a key that is withdrawn now must not go on.
    s.provider->verified_tokens->clear();
  });
  s.back_channel = std::make_unique<provider::BackChannel>(*s.provider);
  if (!config.smtp_url.empty()) {
    auto carrier = std::move(s.options.carrier);
    if (!carrier) carrier = make_carrier(config);
    s.courier = std::make_unique<mail::Courier>(
        mail::CourierParts{*s.store, *s.keys, s.metrics, [] { return clock_now(); }},
        std::move(carrier));
  }
  if (!config.tls_cert_file.empty()) {
    s.certificate_watch =
        std::make_unique<CertificateWatch>(*s.server, config.tls_cert_file, config.tls_key_file);
  }
}

Instance::~Instance() {
  auto& s = *state_;
  // After drain() no I/O thread runs, so what the pools still complete goes nowhere; only then may
  // the pools end, and after them the servers, which own the coroutines that waited.
  for (auto* server : {s.server.get(), s.management.get()}) {
    if (server) server->drain(milliseconds(0));
  }
  // Threads that call the parts below and wait for them; none has to wait for a slow application.
  s.outbound->stop();
  s.courier.reset();
  s.back_channel.reset();
  s.certificate_watch.reset();
  s.key_watch.reset();
  s.janitor.reset();
  // Parts that answer coroutines from threads of their own, or from each other.
  s.client_keys.reset();
  s.outbound.reset();
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

keys::KeyTimes key_times(const config::Config& config) {
  return {.kept_for_hints = config.session_absolute_lifetime};
}

oidc::metadata::Features features_of(const config::Config& config) {
  return {.registration = registration_of(config.registration),
          .allow_implicit = config.allow_implicit,
          .allow_unsigned = config.allow_unsigned,
          .session_management = config.session_management,
          .resources = config.resources};
}

account::PasswordOptions password_options(const config::Config& config) {
  const std::size_t cores = std::max(2u, std::thread::hardware_concurrency());
  return {.threads = config.password_threads > 0 ? static_cast<std::size_t>(config.password_threads)
                                                 : cores - 1,
          .queue_limit = static_cast<std::size_t>(config.password_queue),
          .cost = {.memory_kib = static_cast<std::uint32_t>(config.password_memory_kib),
                   .iterations = static_cast<std::uint32_t>(config.password_iterations),
                   .lanes = 1},
          .min_length = static_cast<std::size_t>(config.password_min_length),
          .min_strength = static_cast<int>(config.password_min_strength),
          .blocklist_file = config.password_blocklist_file,
          .service_name = config.service_name};
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

std::expected<std::unique_ptr<keys::KeyRing>, std::string> open_key_ring(
    const config::Config& config, store::Store& store) {
  auto master_key = open_master_key(config, store);
  if (!master_key) return std::unexpected(master_key.error());
  return runtime::run_blocking(
      keys::KeyRing::open(store, std::move(*master_key), clock_now(), key_times(config)));
}

}  // namespace server::app

#include "server/http/service.h"

#include <stdexcept>

#include "server/http/response_head.h"
#include "server/http/tls.h"

namespace server::http {
namespace {

GateRules gate_rules(const ServerOptions& options) {
  GateRules rules;
  for (const std::string& host : options.allowed_hosts) {
    rules.allowed_hosts.push_back(normal_host(host));
  }
  rules.any_host_paths = options.any_host_paths;
  return rules;
}

}  // namespace

Service::Service(ServerOptions given_options, Router given_router, CorsOrigins given_cors_origins,
                 ErrorPage given_error_page, AccessLog given_access_log)
    : options(std::move(given_options)),
      router(std::move(given_router)),
      cors_origins(std::move(given_cors_origins)),
      error_page(std::move(given_error_page)),
      access_log(std::move(given_access_log)),
      gate(gate_rules(options)),
      trusted(options.trusted_proxies),
      connection_cap(options.max_connections) {
  if (options.tls_cert_file.empty() != options.tls_key_file.empty()) {
    throw std::runtime_error("tls_cert_file and tls_key_file must be given together");
  }
  load_certificate();
}

void Service::report(std::string_view what) const noexcept {
  if (!on_exception) return;
  try {
    on_exception(what);
  } catch (...) {
    return;  // the hook is the last place to tell
  }
}

Response Service::make_error(const Request& request, int status) const {
  try {
    if (error_page) {
      Response page = error_page(request, status);
      if (!page.is_broken()) return page;
    }
  } catch (const std::exception& error) {
    report(error.what());
  }
  return Response::text(status, std::string(reason_phrase(status)) + "\n");
}

std::shared_ptr<boost::asio::ssl::context> Service::tls() const {
  std::lock_guard lock(tls_mutex_);
  return tls_;
}

void Service::load_certificate() {
  if (!has_tls()) return;
  auto loaded = load_tls(options.tls_cert_file, options.tls_key_file);
  std::lock_guard lock(tls_mutex_);
  tls_ = std::move(loaded);
}

void Service::connection_closed() {
  if (open.fetch_sub(1) != 1 || !draining) return;
  std::lock_guard lock(empty_mutex_);
  empty_.notify_all();
}

bool Service::wait_until_empty(std::chrono::milliseconds grace) {
  std::unique_lock lock(empty_mutex_);
  return empty_.wait_for(lock, grace, [this] { return open == 0; });
}

}  // namespace server::http

// Owns: what the I/O threads of one server share: settings, routes, callbacks, the count of open
// connections. Constant while the threads run, but for what is atomic or locked.
#pragma once
#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string_view>

#include "server/http/forwarded.h"
#include "server/http/gate.h"
#include "server/http/server.h"

namespace server::http {

class Service {
 public:
  Service(ServerOptions given_options, Router given_router, CorsOrigins given_cors_origins,
          ErrorPage given_error_page, AccessLog given_access_log);

  ServerOptions options;
  const Router router;
  const CorsOrigins cors_origins;
  const ErrorPage error_page;
  const AccessLog access_log;
  std::function<void(std::string_view)> on_exception;
  const GateRules gate;
  const TrustedProxies trusted;
  std::size_t connection_cap = 0;  // max_connections, or what the descriptor limit leaves

  std::atomic<std::size_t> open = 0;
  std::atomic<bool> draining = false;

  // Never throws.
  void report(std::string_view what) const noexcept;
  // The error page, or a line of text when there is none or it fails.
  Response make_error(const Request& request, int status) const;

  bool has_tls() const { return !options.tls_cert_file.empty(); }
  std::shared_ptr<boost::asio::ssl::context> tls() const;
  void load_certificate();

  void connection_closed();
  // Waits until no connection is open. False when `grace` passed first.
  bool wait_until_empty(std::chrono::milliseconds grace);

 private:
  mutable std::mutex tls_mutex_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::mutex empty_mutex_;
  std::condition_variable empty_;
};

}  // namespace server::http

// Owns: listening, connections, the header gate, TLS, deadlines, limits, and drain. The only other
// folder that knows sockets is server/outbound. Specifications: RFC 9110, RFC 9112. No HTTP/2, no
// chunked requests, no trailers, no upgrades.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"
#include "server/http/router.h"

namespace server::http {

struct ServerOptions {
  std::vector<std::string> listen;  // "127.0.0.1:8080", "[::1]:8080"; port 0: any free port
  std::string tls_cert_file;        // PEM chain; both or neither
  std::string tls_key_file;
  // What `Host` may say, lower case, "host" or "host:port". Empty: anything that is well formed.
  std::vector<std::string> allowed_hosts;
  // Paths that answer whatever the Host ("/livez", "/readyz").
  std::vector<std::string> any_host_paths;
  std::vector<std::string> trusted_proxies;  // addresses or CIDR blocks
  std::size_t threads = 0;                   // I/O threads; 0: one per core
  // Of the whole server. At the cap the connection that has waited longest for a request goes.
  std::size_t max_connections = 10'000;
  // Absolute, per phase; a connection that passes one is closed, a handler is answered for (503).
  std::chrono::milliseconds tls_handshake_timeout{10'000};
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds body_timeout{15'000};
  std::chrono::milliseconds write_timeout{15'000};
  std::chrono::milliseconds idle_timeout{60'000};
  std::chrono::milliseconds handler_timeout{30'000};
  std::chrono::milliseconds connection_max_age{3'600'000};
};

// Called on the connection's thread after each answer.
struct AccessRecord {
  // Without body, and of the header fields only those that describe the client (Accept, Host,
  // User-Agent and the like): never Authorization or Cookie. Empty when it could not be parsed.
  const Request& request;
  const Route* route = nullptr;  // null: no such path, or the gate refused
  int status = 0;
  std::chrono::microseconds duration{0};
};
using AccessLog = std::function<void(const AccessRecord&)>;
// Makes the answer for 404, 405, 413, 414, 421, 500 and 503: an HTML page for browsers, JSON for
// others. Sees the same shortened request as AccessRecord, for 414 and 421 without path and query.
// What else the gate refuses is answered in plain text.
using ErrorPage = std::function<Response(const Request& request, int status)>;

class Server {
 public:
  // Throws std::runtime_error with one clear sentence when an address or a PEM file can't be used.
  Server(ServerOptions options, Router router, CorsOrigins cors_origins, ErrorPage error_page,
         AccessLog access_log);
  ~Server();
  Server(const Server&) = delete;

  // Told of exceptions that handlers let through: what() of each, on any I/O thread. Set it before
  // start().
  void on_exception(std::function<void(std::string_view)> hook);
  // Binds (in the constructor the addresses are only parsed) and starts the I/O threads.
  void start();
  // Reads the PEM files again; connections made from now on use them. Throws as the constructor
  // does, and then the old ones stay. Does nothing without TLS. From any thread.
  void reload_certificate();
  // "127.0.0.1:8080" with the true port, first listener first.
  std::vector<std::string> addresses() const;
  std::size_t connections() const;
  // Refuses new connections, lets running requests end within `grace`, then closes and joins the
  // I/O threads. Blocking; a second call returns at once. Order at the end of the program: drain(),
  // then end the pools that handlers wait for, then destroy the server.
  void drain(std::chrono::milliseconds grace);
  // An executor of the first I/O thread, to start coroutines from outside. Works until drain().
  boost::asio::any_io_executor executor() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace server::http

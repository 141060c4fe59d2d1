#include "server/http/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <stdexcept>
#include <utility>

#include "oidc/base/text.h"
#include "server/http/connection.h"

namespace server::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kBackOff{50};
constexpr int kBacklog = 4096;
constexpr int kShedAtOnce = 16;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

[[noreturn]] void fail_to_listen(const tcp::endpoint& endpoint, const error_code& error) {
  throw std::runtime_error("can't listen on " + to_string(endpoint) + ": " + error.message());
}

template <class AnyAcceptor>
error_code open_and_bind(AnyAcceptor& acceptor, const tcp::endpoint& endpoint, bool share) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && share) acceptor.set_option(ReusePort(true), error);
  // One family for each socket: "[::]:80" and "0.0.0.0:80" can stand side by side.
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  return error;
}

int open_spare() {
  return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

tcp::endpoint parse_listen(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon != std::string::npos) {
    std::string host = text.substr(0, colon);
    const bool in_brackets = host.starts_with('[') && host.ends_with(']');
    if (in_brackets) host = host.substr(1, host.size() - 2);
    const auto port = oidc::parse_unsigned(std::string_view(text).substr(colon + 1));
    error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (!error && port && *port <= 65535 && address.is_v6() == in_brackets) {
      return {address, static_cast<std::uint16_t>(*port)};
    }
  }
  throw std::runtime_error(
      "listen: \"" + text +
      "\" is not an address with a port, such as 127.0.0.1:8080 or [::1]:8080");
}

std::string to_string(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

void check_free(const tcp::endpoint& endpoint) {
  if (endpoint.port() == 0) return;
  asio::io_context context;
  tcp::acceptor probe(context);
  if (const error_code error = open_and_bind(probe, endpoint, false)) {
    fail_to_listen(endpoint, error);
  }
}

Listener::Listener(Worker& worker, const tcp::endpoint& endpoint)
    : worker_(worker), acceptor_(worker.context) {
  if (const error_code error = open_and_bind(acceptor_, endpoint, true)) {
    fail_to_listen(endpoint, error);
  }
  spare_ = open_spare();
}

Listener::~Listener() {
  if (spare_ >= 0) ::close(spare_);
}

tcp::endpoint Listener::endpoint() const {
  error_code error;
  return acceptor_.local_endpoint(error);
}

void Listener::close() {
  error_code ignored;
  acceptor_.close(ignored);
}

runtime::Task<void> Listener::accept_all(std::shared_ptr<Listener> self) {
  Worker& worker = self->worker_;
  asio::steady_timer timer(worker.context);
  bool must_rest = false;
  while (self->acceptor_.is_open()) {
    try {
      error_code error;
      if (std::exchange(must_rest, false)) {
        timer.expires_after(kBackOff);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
      Socket socket(worker.context);
      co_await self->acceptor_.async_accept(socket,
                                            asio::redirect_error(asio::use_awaitable, error));
      if (!self->acceptor_.is_open()) co_return;
      if (!error) {
        self->take(std::move(socket));
        continue;
      }
      // The peer left between its SYN and our accept().
      if (error == asio::error::connection_aborted || error == asio::error::interrupted) continue;
      must_rest = true;
      if (error.value() == EMFILE || error.value() == ENFILE) self->survive_exhaustion();
    } catch (const std::exception& thrown) {  // no memory, as a rule
      must_rest = true;
      worker.service.report(thrown.what());
    }
  }
}

void Listener::take(Socket socket) {
  Service& service = worker_.service;
  if (service.open >= service.connection_cap && !worker_.shed_oldest()) return;
  start_connection(worker_, std::move(socket), service.tls());
}

void Listener::survive_exhaustion() {
  int shed = 0;
  while (shed < kShedAtOnce && worker_.shed_oldest()) ++shed;
  if (shed > 0) return;
  if (spare_ < 0) spare_ = open_spare();
  if (spare_ < 0) return;
  // The client at the head of the queue learns at once that there is no room.
  ::close(spare_);
  const int rejected =
      accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (rejected >= 0) ::close(rejected);
  spare_ = open_spare();
}

}  // namespace server::http

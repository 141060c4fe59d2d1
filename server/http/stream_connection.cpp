// The part of a connection that reads and writes, once for plain sockets and once for TLS.
#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <type_traits>

#include "server/http/connection.h"

namespace server::http {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using boost::system::error_code;

constexpr std::size_t kDrained = 256 * 1024;  // bytes that a refused peer may still send
constexpr std::size_t kBodyStep = 4 * 1024;   // a body's room grows with what has arrived

using PlainStream = Socket;
using TlsStream = asio::ssl::stream<Socket>;

template <class Stream>
class StreamConnection final : public Connection {
 public:
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

  template <class... Arguments>
  StreamConnection(Worker& worker, Peer peer, Arguments&&... arguments)
      : Connection(worker, std::move(peer)), stream_(std::forward<Arguments>(arguments)...) {
    enter(kIsTls ? Phase::handshake : Phase::head);
  }
  ~StreamConnection() override { kill(); }

  // `self` keeps the connection alive as long as the coroutine.
  static runtime::Task<void> run(std::shared_ptr<StreamConnection> self) {
    co_await self->live();
    // A late answer is still being written: its coroutine closes.
    if (!self->is_late_) self->kill();
  }

 private:
  runtime::Task<void> live() {
    if constexpr (kIsTls) {
      error_code error;
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(use_awaitable, error));
      if (error) co_return;
      enter(Phase::head);
    }
    while (co_await serve()) {
      release_exchange();
      if (service_.draining && in_.empty()) {
        ending_ = Ending::patient;
        break;
      }
      enter(in_.empty() ? Phase::idle : Phase::head);
    }
    if (is_late_) co_return;
    co_await close();
  }

  // One request and its answer. False when the connection is to end.
  runtime::Task<bool> serve() {
    HeadScanner::State state = scanner_.scan(in_.view());
    while (state == HeadScanner::State::incomplete) {
      error_code error;
      const std::size_t size = co_await stream_.async_read_some(
          in_.prepare(), asio::redirect_error(use_awaitable, error));
      if (error || is_closed()) co_return false;
      in_.commit(size);
      if (phase_ == Phase::idle) enter(Phase::head);
      state = scanner_.scan(in_.view());
    }
    Exchange& exchange = exchange_.emplace(service_, peer_);
    begin_exchange(exchange, state);
    if (!exchange.is_answered() && exchange.body_size() > exchange.body_limit()) {
      exchange.fail(413);
    }
    if (!exchange.is_answered() && exchange.body_size() > 0 && !co_await read_body()) {
      co_return false;
    }
    if (!exchange.is_answered()) {
      enter(Phase::handler);
      if (!exchange.origin_to_ask().empty()) co_await ask_origin();
      if (!is_late_) exchange.settle();
      if (!is_late_ && !exchange.is_answered()) co_await run_handler();
      if (is_late_ || is_closed()) co_return false;
    }
    exchange.append_answer(out_ = worker_.take_buffer(), worker_.date.now(), must_end());
    if (!send_at_once() && !co_await send_rest()) co_return false;
    exchange.log();
    if (!exchange.must_close()) co_return true;
    ending_ = exchange.peer_is_done() ? Ending::polite : Ending::patient;
    co_return false;
  }

  void begin_exchange(Exchange& exchange, HeadScanner::State state) {
    switch (state) {
      case HeadScanner::State::complete:
        exchange.begin(in_.view().substr(0, scanner_.size()));
        in_.consume(scanner_.size());
        scanner_.reset();
        return;
      case HeadScanner::State::target_too_long:
        return exchange.refuse(414, "The address is too long.");
      case HeadScanner::State::head_too_large:
        return exchange.refuse(431, "The fields of the request are too large.");
      case HeadScanner::State::malformed:
      case HeadScanner::State::incomplete:
        return exchange.refuse(400, "The request head is malformed.");
    }
  }

  bool must_end() const { return service_.draining || is_old(); }

  runtime::Task<bool> read_body() {
    enter(Phase::body);
    const std::size_t size = exchange_->body_size();
    std::string& body = exchange_->body();
    body = in_.view().substr(0, size);
    in_.consume(body.size());
    if (body.size() < size && exchange_->expects_continue()) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      error_code error;
      co_await asio::async_write(stream_, asio::buffer(kContinue),
                                 asio::redirect_error(use_awaitable, error));
      if (error) co_return false;
    }
    std::size_t have = body.size();
    while (have < size) {
      if (body.size() == have) body.resize(std::min(size, have + std::max(have, kBodyStep)));
      error_code error;
      have += co_await stream_.async_read_some(asio::buffer(body.data() + have, body.size() - have),
                                               asio::redirect_error(use_awaitable, error));
      if (error || is_closed()) co_return false;
    }
    co_return true;
  }

  // Most answers fit into the socket's buffer: no wait, no second look at the event loop. True when
  // nothing is left to send.
  bool send_at_once() {
    if constexpr (kIsTls) {
      return false;
    } else {
      error_code error;
      const std::size_t sent = stream_.write_some(asio::buffer(out_), error);
      if (error) return false;  // the next write finds out whether it is for good
      out_.erase(0, sent);
      return out_.empty() && exchange_->remaining_body().empty();
    }
  }

  runtime::Task<bool> send_rest() {
    enter(Phase::write);
    error_code error;
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(out_),
                                                       asio::buffer(exchange_->remaining_body())};
    co_await asio::async_write(stream_, buffers, asio::redirect_error(use_awaitable, error));
    co_return !error && !is_closed();
  }

  void start_late_answer() override {
    auto self = std::static_pointer_cast<StreamConnection>(shared_from_this());
    asio::co_spawn(worker_.context, answer_late(std::move(self)), asio::detached);
  }

  // The handler's coroutine is suspended elsewhere and touches neither stream nor exchange again.
  static runtime::Task<void> answer_late(std::shared_ptr<StreamConnection> self) {
    try {
      self->exchange_->fail_late();
      self->enter(Phase::write);
      self->exchange_->append_answer(self->out_ = self->worker_.take_buffer(),
                                     self->worker_.date.now(), true);
      if (co_await self->send_rest()) {
        self->exchange_->log();
        self->ending_ = Ending::patient;
        co_await self->close();
      }
    } catch (const std::exception& error) {
      self->service_.report(error.what());
    }
    self->kill();
  }

  runtime::Task<void> close() {
    if (is_closed() || ending_ == Ending::gone) co_return;
    enter(Phase::closing);
    error_code error;
    if constexpr (kIsTls) {
      co_await stream_.async_shutdown(asio::redirect_error(use_awaitable, error));
      if (is_closed()) co_return;
    }
    auto& socket = stream_.lowest_layer();
    socket.shutdown(asio::socket_base::shutdown_send, error);
    if (error || ending_ != Ending::patient) co_return;
    // Closing with unread bytes would reset the connection, and with it the answer on its way.
    std::array<char, 4096> waste;
    for (std::size_t read = 0; read < kDrained && !error && !is_closed();) {
      read += co_await next_layer().async_read_some(asio::buffer(waste),
                                                    asio::redirect_error(use_awaitable, error));
    }
  }

  Socket& next_layer() {
    if constexpr (kIsTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void close_socket() override {
    error_code ignored;
    next_layer().close(ignored);
  }

  Stream stream_;
};

template <class Stream, class... Arguments>
void spawn(Worker& worker, Peer peer, Arguments&&... arguments) {
  using Kind = StreamConnection<Stream>;
  auto connection =
      std::make_shared<Kind>(worker, std::move(peer), std::forward<Arguments>(arguments)...);
  asio::co_spawn(worker.context, Kind::run(std::move(connection)),
                 [&service = worker.service](const std::exception_ptr& thrown) {
                   if (!thrown) return;
                   try {
                     std::rethrow_exception(thrown);
                   } catch (const std::exception& error) {
                     service.report(error.what());
                   } catch (...) {
                     service.report("an exception of unknown type");
                   }
                 });
}

}  // namespace

void start_connection(Worker& worker, Socket socket,
                      const std::shared_ptr<asio::ssl::context>& tls) {
  error_code error;
  // The peer may have left already: then there is no address.
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return;
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  socket.non_blocking(true, error);
  if (error) return;
  Peer peer{.address = unmapped(endpoint.address()), .address_text = {}, .is_tls = tls != nullptr};
  peer.address_text = peer.address.to_string();
  if (tls) {
    spawn<TlsStream>(worker, std::move(peer), std::move(socket), *tls);
  } else {
    spawn<PlainStream>(worker, std::move(peer), std::move(socket));
  }
}

}  // namespace server::http

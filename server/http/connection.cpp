#include "server/http/connection.h"

namespace server::http {
namespace {

constexpr std::chrono::seconds kClosingTime{1};

}  // namespace

Connection::Connection(Worker& worker, Peer peer)
    : worker_(worker), service_(worker.service), peer_(std::move(peer)) {
  ++service_.open;
}

// The most derived destructor has killed it: here the socket is gone.
Connection::~Connection() = default;

bool Connection::is_idle() const {
  // Nothing has been asked yet, so nothing is lost.
  return phase_ == Phase::handshake || phase_ == Phase::idle ||
         (phase_ == Phase::head && in_.empty());
}

void Connection::enter(Phase phase) {
  if (is_closed()) return;
  const ServerOptions& options = service_.options;
  const auto now = Clock::now();
  const bool waited = phase_ == Phase::idle || phase_ == Phase::head || phase_ == Phase::handshake;
  phase_ = phase;
  switch (phase) {
    case Phase::handshake:
      deadline = now + options.tls_handshake_timeout;
      return worker_.put_waiting(*this);
    case Phase::idle:
      deadline = now + options.idle_timeout;
      return worker_.put_waiting(*this);
    case Phase::head:
      deadline = now + options.header_timeout;
      return worker_.put_waiting(*this);
    case Phase::body:
      deadline = now + options.body_timeout;
      break;
    case Phase::handler:
      deadline = now + options.handler_timeout;
      break;
    case Phase::write:
      deadline = now + options.write_timeout;
      break;
    case Phase::closing:
      deadline = now + kClosingTime;
      break;
    case Phase::closed:
      return;
  }
  if (waited) worker_.put_working(*this);
}

void Connection::expire() {
  if (phase_ != Phase::handler || is_late_) return kill();
  is_late_ = true;
  start_late_answer();
}

void Connection::kill() {
  if (is_closed()) return;
  phase_ = Phase::closed;
  unlink();
  close_socket();
  service_.connection_closed();
}

void Connection::release_exchange() {
  exchange_.reset();
  worker_.give_back(std::move(out_));
  out_ = std::string();
}

runtime::Task<void> Connection::ask_origin() {
  if (!service_.cors_origins) co_return;
  try {
    const bool is_allowed = co_await service_.cors_origins(exchange_->origin_to_ask());
    if (is_allowed && !is_late_) exchange_->allow_origin();
  } catch (const std::exception& error) {
    service_.report(error.what());
  }
}

runtime::Task<void> Connection::run_handler() {
  std::optional<Response> response;
  try {
    response = co_await exchange_->route()->handler(exchange_->take_request());
  } catch (const std::exception& error) {
    service_.report(error.what());
  } catch (...) {
    service_.report("an exception of unknown type");
  }
  if (is_late_) co_return;
  if (response) {
    exchange_->answer(std::move(*response));
  } else {
    exchange_->fail(500);
  }
}

}  // namespace server::http

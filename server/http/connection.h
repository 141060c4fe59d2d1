// Owns: one connection from handshake to close: its phases and their deadlines, reading, running
// the handler, writing. Lives on its worker's thread; kept alive by the coroutines that run on it.
#pragma once
#include <memory>
#include <optional>

#include "server/http/exchange.h"
#include "server/http/read_buffer.h"
#include "server/http/request_head.h"
#include "server/http/worker.h"

namespace server::http {

enum class Phase { handshake, idle, head, body, handler, write, closing, closed };

// What does not depend on whether TLS is spoken.
class Connection : public Pinned, public std::enable_shared_from_this<Connection> {
 public:
  Connection(Worker& worker, Peer peer);
  virtual ~Connection();
  Connection(const Connection&) = delete;

  void expire() final;
  void kill() final;
  bool is_idle() const final;

 protected:
  enum class Ending {
    gone,     // the peer closed, or a deadline did
    polite,   // the peer said that it sends no more
    patient,  // the peer may still be sending: closing at once would cost it the answer
  };

  void enter(Phase phase);
  bool is_closed() const { return phase_ == Phase::closed; }
  // Ends of the life of one exchange.
  void release_exchange();
  runtime::Task<void> ask_origin();
  runtime::Task<void> run_handler();
  virtual void close_socket() = 0;
  // The handler has not answered in time: the 503 goes out while the handler still runs; what it
  // returns later is dropped.
  virtual void start_late_answer() = 0;

  Worker& worker_;
  Service& service_;
  const Peer peer_;
  ReadBuffer in_;
  HeadScanner scanner_;
  std::optional<Exchange> exchange_;
  std::string out_;
  Phase phase_ = Phase::head;
  Ending ending_ = Ending::gone;
  bool is_late_ = false;

 private:
  const Clock::time_point opened_ = Clock::now();

 protected:
  bool is_old() const { return Clock::now() - opened_ >= service_.options.connection_max_age; }
};

// Takes an accepted socket over and starts its coroutine on the worker. `tls` is null for plain
// HTTP. Call it on the worker's thread.
void start_connection(Worker& worker, Socket socket,
                      const std::shared_ptr<boost::asio::ssl::context>& tls);

}  // namespace server::http

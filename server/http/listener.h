// Owns: listening sockets and the loop that accepts. Every I/O thread has a socket of its own on
// the same address (SO_REUSEPORT), and the kernel spreads connections over them.
#pragma once
#include <memory>
#include <string>

#include "server/http/worker.h"

namespace server::http {

// "127.0.0.1:8080" or "[::1]:8080", port 0 included. Throws std::runtime_error with one sentence.
boost::asio::ip::tcp::endpoint parse_listen(const std::string& text);
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

// Fails with one sentence when another program listens there: SO_REUSEPORT alone would let two of
// them share the port unnoticed.
void check_free(const boost::asio::ip::tcp::endpoint& endpoint);

class Listener {
 public:
  // Binds and listens. Throws std::runtime_error.
  Listener(Worker& worker, const boost::asio::ip::tcp::endpoint& endpoint);
  ~Listener();
  Listener(const Listener&) = delete;

  boost::asio::ip::tcp::endpoint endpoint() const;
  void close();
  // Accepts until closed. No error ends it. `self` keeps the listener alive.
  static runtime::Task<void> accept_all(std::shared_ptr<Listener> self);

 private:
  void take(Socket socket);
  void survive_exhaustion();

  Worker& worker_;
  Acceptor acceptor_;
  int spare_ = -1;  // a descriptor to give up when there are no others
};

}  // namespace server::http

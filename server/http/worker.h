// Owns: one I/O thread's event loop, the connections pinned to it, their deadlines, and the choice
// of the one to shed. Everything but the loop itself is used on that thread only.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "server/http/response_head.h"
#include "server/http/service.h"
#include "server/runtime/task.h"

namespace server::http {

using Clock = std::chrono::steady_clock;
using IoExecutor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoExecutor>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, IoExecutor>;

// A connection, as its worker sees it. It leaves its list by itself when it is closed.
class Pinned : public boost::intrusive::list_base_hook<
                   boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  // The current phase must end before this.
  Clock::time_point deadline = Clock::time_point::max();

  virtual void expire() = 0;  // the deadline has passed
  virtual void kill() = 0;    // closes at once
  virtual bool is_idle() const = 0;

 protected:
  ~Pinned() = default;
};

class Worker {
 public:
  explicit Worker(Service& given_service) : service(given_service) {}
  Worker(const Worker&) = delete;

  Service& service;
  DateField date;

  // Connections that wait for a request, or for the rest of its head, are the ones to shed; those
  // that have waited longest stand first.
  void put_waiting(Pinned& connection);
  void put_working(Pinned& connection);
  // Closes the connection that has waited longest. False when none waits.
  bool shed_oldest();
  void close_idle();
  void close_all();
  // Looks at all deadlines every `tick`; ends when the loop is stopped. One timer for the thread
  // costs less than one for each phase of each request.
  runtime::Task<void> watch_deadlines(std::chrono::milliseconds tick);

  // Output buffers are lent, so that an idle connection holds none.
  std::string take_buffer();
  void give_back(std::string buffer);

 private:
  using Pins = boost::intrusive::list<Pinned, boost::intrusive::constant_time_size<false>>;

  Pins waiting_;
  Pins working_;
  std::vector<std::string> buffers_;

 public:
  // Last, so that it is destroyed first: what it still holds refers to the members above.
  boost::asio::io_context context{1};
};

}  // namespace server::http

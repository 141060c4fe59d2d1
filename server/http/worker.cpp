#include "server/http/worker.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace server::http {
namespace {

constexpr std::size_t kSpareBuffers = 64;
constexpr std::size_t kSpareBufferSize = 32 * 1024;  // larger ones are freed

// `act` may take the connection out of the list, and nothing else.
template <class List, class Act>
void for_each_pin(List& list, Act act) {
  for (auto next = list.begin(); next != list.end();) {
    Pinned& connection = *next;
    ++next;
    act(connection);
  }
}

}  // namespace

void Worker::put_waiting(Pinned& connection) {
  connection.unlink();
  waiting_.push_back(connection);
}

void Worker::put_working(Pinned& connection) {
  connection.unlink();
  working_.push_back(connection);
}

bool Worker::shed_oldest() {
  if (waiting_.empty()) return false;
  waiting_.front().kill();
  return true;
}

void Worker::close_idle() {
  for_each_pin(waiting_, [](Pinned& connection) {
    if (connection.is_idle()) connection.kill();
  });
}

void Worker::close_all() {
  for_each_pin(waiting_, [](Pinned& connection) { connection.kill(); });
  for_each_pin(working_, [](Pinned& connection) { connection.kill(); });
}

runtime::Task<void> Worker::watch_deadlines(std::chrono::milliseconds tick) {
  boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, IoExecutor> timer(
      context);
  while (true) {
    timer.expires_after(tick);
    boost::system::error_code error;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
    const auto now = Clock::now();
    const auto expire_if_due = [this, now](Pinned& connection) {
      if (connection.deadline > now) return;
      try {
        connection.expire();
      } catch (const std::exception& thrown) {
        service.report(thrown.what());  // one connection must not end the watch over all
        connection.kill();
      }
    };
    for_each_pin(waiting_, expire_if_due);
    for_each_pin(working_, expire_if_due);
  }
}

std::string Worker::take_buffer() {
  if (buffers_.empty()) return {};
  std::string buffer = std::move(buffers_.back());
  buffers_.pop_back();
  buffer.clear();
  return buffer;
}

void Worker::give_back(std::string buffer) {
  if (buffers_.size() < kSpareBuffers && buffer.capacity() <= kSpareBufferSize) {
    buffers_.push_back(std::move(buffer));
  }
}

}  // namespace server::http

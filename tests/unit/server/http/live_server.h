// Owns: a server on a free port for one test, and a client that sends bytes as they are.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "server/http/server.h"

namespace http_test {

using namespace server::http;
using server::runtime::Task;
using std::chrono::milliseconds;

class Client {
 public:
  explicit Client(const std::string& address, int receive_buffer = 0) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      throw std::runtime_error("can't connect");
    }
  }
  Client(const Client&) = delete;
  ~Client() { close(fd_); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // All that arrives until the server closes, or until nothing came for `patience`.
  std::string read_all(milliseconds patience = milliseconds(3000)) {
    std::string text;
    while (read_some(text, patience)) {
    }
    return text;
  }
  // Until `part` has arrived.
  std::string read_until(std::string_view part, milliseconds patience = milliseconds(3000)) {
    std::string text;
    while (text.find(part) == std::string::npos && read_some(text, patience)) {
    }
    return text;
  }
  bool was_closed() const { return closed_; }

 private:
  bool read_some(std::string& text, milliseconds patience) {
    pollfd wait{fd_, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(patience.count())) != 1) return false;
    char bytes[4096];
    const auto size = recv(fd_, bytes, sizeof bytes, 0);
    if (size <= 0) {
      closed_ = true;
      return false;
    }
    text.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  int fd_ = -1;
  bool closed_ = false;
};

struct Logged {
  int status;
  std::string path;
  bool has_route;
};

inline Task<Response> sleep_then_answer(milliseconds time) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(time);
  co_await timer.async_wait(boost::asio::use_awaitable);
  co_return Response::text(200, "late");
}

class LiveServer {
 public:
  explicit LiveServer(ServerOptions options = {}) {
    if (options.listen.empty()) options.listen = {"127.0.0.1:0"};
    if (options.threads == 0) options.threads = 2;
    server = std::make_unique<Server>(
        options, routes(),
        [](std::string origin) -> Task<bool> { co_return origin == "https://app.example"; },
        [](const Request& request, int status) {
          return Response::json(status, "{\"error\":\"" + std::to_string(status) +
                                            "\",\"path\":\"" + request.path + "\"}");
        },
        [this](const AccessRecord& record) {
          std::lock_guard lock(mutex);
          log.push_back({record.status, record.request.path, record.route != nullptr});
        });
    server->on_exception([this](std::string_view what) {
      std::lock_guard lock(mutex);
      exceptions.emplace_back(what);
    });
    server->start();
    address = server->addresses().front();
  }

  static void add(Router& router, Method method, std::string path, Handler handler,
                  Cors cors = Cors::none, std::size_t body_limit = 1024) {
    Route route;
    route.method = method;
    route.path = std::move(path);
    route.handler = std::move(handler);
    route.cors = cors;
    route.body_limit = body_limit;
    router.add(std::move(route));
  }

  static Router routes() {
    Router router;
    add(router, Method::get, "/hello", [](Request request) -> Task<Response> {
      co_return Response::text(200, "hello " + request.query);
    });
    add(router, Method::post, "/echo", [](Request request) -> Task<Response> {
      co_return Response::text(200, "[" + request.body + "]");
    });
    add(router, Method::get, "/who", [](Request request) -> Task<Response> {
      co_return Response::text(200,
                               request.client_address + (request.is_https ? " https" : " http"));
    });
    add(router, Method::get, "/throw", [](Request) -> Task<Response> {
      throw std::runtime_error("broken inside");
      co_return Response();
    });
    add(router, Method::get, "/split",
        [](Request) -> Task<Response> { co_return Response::redirect("/a\r\nSet-Cookie: x=1"); });
    add(router, Method::get, "/slow",
        [](Request) -> Task<Response> { return sleep_then_answer(milliseconds(400)); });
    add(router, Method::get, "/big", [](Request) -> Task<Response> {
      co_return Response::text(200, std::string(8 * 1024 * 1024, 'x'));
    });
    add(
        router, Method::get, "/keys",
        [](Request) -> Task<Response> { co_return Response::json(200, "{}"); }, Cors::any);
    add(
        router, Method::post, "/token",
        [](Request) -> Task<Response> { co_return Response::json(200, "{}"); }, Cors::clients);
    return router;
  }

  std::string ask(std::string_view bytes) {
    Client client(address);
    client.send(bytes);
    return client.read_all();
  }

  std::vector<Logged> logged() {
    std::lock_guard lock(mutex);
    return log;
  }
  std::vector<std::string> thrown() {
    std::lock_guard lock(mutex);
    return exceptions;
  }

  std::mutex mutex;
  std::vector<Logged> log;
  std::vector<std::string> exceptions;
  std::string address;
  std::unique_ptr<Server> server;  // last: its threads use the above
};

inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}
inline bool holds(std::string_view text, std::string_view part) {
  return count(text, part) > 0;
}

// Waits up to two seconds.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 200; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

// What the exception that `act` throws says; empty when it throws none.
template <class Act>
std::string sentence_of(Act act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace http_test

// Figures: throughput next to the least that Beast can do (needs the program wrk), and what idle
// connections cost. Hidden: run them with the tags [.throughput] and [.idle].
#include <sys/resource.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "tests/support/catch.h"
#include "tests/unit/server/http/live_server.h"

using namespace http_test;

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::use_awaitable;
using asio::ip::tcp;

// No gate, no limits, no deadlines.
class BareServer {
 public:
  explicit BareServer(unsigned threads) {
    tcp::endpoint endpoint(asio::ip::address_v4::loopback(), 0);
    for (unsigned i = 0; i < threads; ++i) {
      contexts_.push_back(std::make_unique<asio::io_context>(1));
      auto acceptor = std::make_shared<tcp::acceptor>(*contexts_.back());
      acceptor->open(tcp::v4());
      const int on = 1;
      setsockopt(acceptor->native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
      acceptor->bind(endpoint);
      acceptor->listen();
      endpoint = acceptor->local_endpoint();
      asio::co_spawn(*contexts_.back(), accept(acceptor), asio::detached);
    }
    address = "127.0.0.1:" + std::to_string(endpoint.port());
    for (auto& context : contexts_) threads_.emplace_back([&context] { context->run(); });
  }
  ~BareServer() {
    for (auto& context : contexts_) context->stop();
    for (auto& thread : threads_) thread.join();
  }
  BareServer(const BareServer&) = delete;

  std::string address;

 private:
  static Task<void> accept(std::shared_ptr<tcp::acceptor> acceptor) {
    while (true) {
      auto socket = co_await acceptor->async_accept(use_awaitable);
      socket.set_option(tcp::no_delay(true));
      asio::co_spawn(acceptor->get_executor(), echo(beast::tcp_stream(std::move(socket))),
                     asio::detached);
    }
  }
  static Task<void> echo(beast::tcp_stream stream) {
    beast::flat_buffer buffer;
    try {
      while (true) {
        beast::http::request<beast::http::string_body> request;
        co_await beast::http::async_read(stream, buffer, request, use_awaitable);
        beast::http::response<beast::http::string_body> response(beast::http::status::ok, 11);
        response.set(beast::http::field::content_type, "text/plain");
        response.body() = "hello a";
        response.prepare_payload();
        co_await beast::http::async_write(stream, response, use_awaitable);
      }
    } catch (const std::exception&) {
      // The client is done.
    }
  }

  std::vector<std::unique_ptr<asio::io_context>> contexts_;
  std::vector<std::thread> threads_;
};

double requests_per_second(const std::string& address) {
  const std::string command = "wrk -t1 -c32 -d3s http://" + address + "/hello?a";
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 512> line;
  while (std::fgets(line.data(), static_cast<int>(line.size()), pipe) != nullptr) {
    output += line.data();
  }
  pclose(pipe);
  CHECK(output.find("Non-2xx") == std::string::npos);
  CHECK(output.find("Socket errors") == std::string::npos);
  const auto at = output.find("Requests/sec:");
  REQUIRE(at != std::string::npos);
  return std::stod(output.substr(at + 13));
}

long resident_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

}  // namespace

TEST_CASE("the server keeps 60 % of a bare Beast server's throughput", "[.throughput]") {
  double bare = 0, ours = 0;
  for (int i = 0; i < 2; ++i) {
    BareServer beast(1);
    bare = std::max(bare, requests_per_second(beast.address));
    ServerOptions options;
    options.threads = 1;
    LiveServer live(options);
    {
      std::lock_guard lock(live.mutex);
      live.log.reserve(4'000'000);
    }
    ours = std::max(ours, requests_per_second(live.address));
  }
  std::cout << "bare Beast " << static_cast<long>(bare) << "/s, server " << static_cast<long>(ours)
            << "/s, ratio " << ours / bare << "\n";
  CHECK(ours >= 0.6 * bare);
}

TEST_CASE("ten thousand idle connections cost little, and the server goes on", "[.idle]") {
  constexpr std::size_t kIdle = 10'000;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  ServerOptions options;
  options.max_connections = kIdle;
  LiveServer live(options);
  const long before = resident_kilobytes();
  std::vector<std::unique_ptr<Client>> idle;
  for (std::size_t i = 0; i < kIdle; ++i) {
    idle.push_back(std::make_unique<Client>(live.address));
    idle.back()->send("GET /hello?a HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(holds(idle.back()->read_until("hello a"), "200 OK"));
  }
  const long grown = resident_kilobytes() - before;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    CHECK(holds(live.ask("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), "200 OK"));
  }
  const auto spent = std::chrono::steady_clock::now() - begun;
  std::cout << kIdle << " idle connections: " << grown / 1024 << " MB; a new request took "
            << std::chrono::duration_cast<std::chrono::microseconds>(spent).count() / 100
            << " us on average\n";
  CHECK(grown < 100 * 1024);
  CHECK(spent < std::chrono::seconds(2));
}

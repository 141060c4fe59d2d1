#include "server/http/server.h"

#include <sys/resource.h>

#include "tests/support/catch.h"
#include "tests/unit/server/http/live_server.h"

using namespace http_test;

namespace {

const std::string kHello = "GET /hello?a HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kLast = "GET /hello?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("one request, one answer, and the connection stays") {
  LiveServer live;
  Client client(live.address);
  for (int i = 0; i < 3; ++i) {
    client.send(kHello);
    const std::string answer = client.read_until("hello a");
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(holds(answer, "\r\nDate: "));
    CHECK_FALSE(holds(answer, "Connection:"));
  }
  client.send(kLast);
  CHECK(holds(client.read_all(), "Connection: close\r\n"));
  CHECK(client.was_closed());
  CHECK(eventually([&] { return live.server->connections() == 0; }));
}

TEST_CASE("two good requests in one packet get two answers in order") {
  LiveServer live;
  const std::string answer = live.ask(kHello +
                                      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3"
                                      "\r\n\r\nabc" +
                                      kLast);
  CHECK(count(answer, "HTTP/1.1 200 OK") == 3);
  CHECK(answer.find("hello a") < answer.find("[abc]"));
  CHECK(answer.find("[abc]") < answer.find("hello b"));
}

TEST_CASE("a request that could be read two ways is answered once, and closed") {
  LiveServer live;
  const std::string smuggled = "GET /hello?smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string head = "POST /echo HTTP/1.1\r\nHost: a\r\n";
  std::string many = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 1200; ++i) many += "A: b\r\n";
  for (const std::string& bytes : {
           head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding: gzip\r\n\r\n",
           head + "Transfer-Encoding: xchunked\r\n\r\n",
           head + "Transfer-Encoding: chunked, identity\r\n\r\n",
           head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           head + "Transfer-Encoding : chunked\r\n\r\n",
           head + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
           head + "Content-Length: 3, 3\r\n\r\nabc",
           head + "Trailer: Host\r\nContent-Length: 0\r\n\r\n",
           head + "Host: b\r\n\r\n",
           std::string(
               "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string("GET /hello HTTP/1.1\r\n\r\n"),
           std::string("GET http://a/hello HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /h\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"),
           std::string("GET /hello HTTP/1.1\nHost: a\n\n"),
           head + "X: a\r\n b\r\n\r\n",
           many + "\r\n",
       }) {
    INFO(bytes.substr(0, 120));
    Client client(live.address);
    client.send(bytes + smuggled);
    const std::string answer = client.read_all();
    CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(count(answer, "HTTP/1.1 ") == 1);
    CHECK(holds(answer, "Connection: close\r\n"));
    CHECK_FALSE(holds(answer, "smuggled"));
    CHECK(client.was_closed());
  }
  CHECK(holds(live.ask(kLast), "200 OK"));
  CHECK_FALSE(live.logged().front().has_route);
}

TEST_CASE("HTTP/1.0 is answered and closed") {
  LiveServer live;
  Client client(live.address);
  client.send("GET /hello?x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  const std::string answer = client.read_all();
  CHECK(holds(answer, "200 OK"));
  CHECK(holds(answer, "Connection: close"));
  CHECK(client.was_closed());
}

TEST_CASE("HEAD has the length but not the body") {
  LiveServer live;
  const std::string answer =
      live.ask("HEAD /hello?abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(holds(answer, "Content-Length: 9\r\n"));
  CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("paths and methods that are not there") {
  LiveServer live;
  const std::string nowhere =
      live.ask("GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(holds(nowhere, "404 Not Found"));
  CHECK(holds(nowhere, "\"path\":\"/nowhere\""));
  const std::string method =
      live.ask("DELETE /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(holds(method, "405 Method Not Allowed"));
  CHECK(holds(method, "Allow: POST, OPTIONS\r\n"));
  CHECK(holds(live.ask("BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n"), "501 Not Implemented"));
  const std::string options =
      live.ask("OPTIONS /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(holds(options, "204 No Content"));
  CHECK(holds(options, "Allow: POST, OPTIONS\r\n"));
}

TEST_CASE("unknown hosts are turned away, but not from the health paths") {
  ServerOptions options;
  options.allowed_hosts = {"id.example"};
  options.any_host_paths = {"/who"};
  LiveServer live(options);
  CHECK(holds(live.ask("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n"), "421 Misdirected"));
  CHECK(holds(live.ask("GET /hello HTTP/1.1\r\nHost: ID.example\r\nConnection: close\r\n\r\n"),
              "200 OK"));
  CHECK(holds(live.ask("GET /who HTTP/1.1\r\nHost: 10.1.1.1\r\nConnection: close\r\n\r\n"),
              "200 OK"));
}

TEST_CASE("a body that is too large is refused before it is read") {
  LiveServer live;
  Client client(live.address);
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n");
  const std::string answer = client.read_all();
  CHECK(holds(answer, "413 Content Too Large"));
  CHECK(holds(answer, "Connection: close"));
  CHECK(client.was_closed());

  // It is also answered when the client sends the body without waiting.
  Client eager(live.address);
  eager.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" +
             std::string(100000, 'x'));
  CHECK(holds(eager.read_all(), "413 Content Too Large"));

  const std::string fits = live.ask(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n"
      "Connection: close\r\n\r\n" +
      std::string(1024, 'x'));
  CHECK(holds(fits, "200 OK"));
  CHECK(holds(live.ask("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), "[]"));
}

TEST_CASE("100 Continue comes after the limit is checked") {
  LiveServer live;
  Client client(live.address);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  CHECK(holds(client.read_until("[abc]"), "200 OK"));
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\nExpect: 100-continue\r\n\r\n");
  const std::string refused = client.read_all();
  CHECK(refused.starts_with("HTTP/1.1 413"));
  CHECK_FALSE(holds(refused, "100 Continue"));
}

TEST_CASE("a handler that throws is a 500, and the connection goes on") {
  LiveServer live;
  const std::string answer = live.ask("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n" + kLast);
  CHECK(holds(answer, "500 Internal Server Error"));
  CHECK(holds(answer, "{\"error\":\"500\""));
  CHECK_FALSE(holds(answer, "broken inside"));
  CHECK(holds(answer, "200 OK"));
  CHECK(live.thrown() == std::vector<std::string>{"broken inside"});
  const std::string split = live.ask("GET /split HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(holds(split, "500 Internal Server Error"));
  CHECK_FALSE(holds(split, "Set-Cookie"));
}

TEST_CASE("a handler that takes too long is a 503, and its result is dropped") {
  ServerOptions options;
  options.handler_timeout = milliseconds(60);
  LiveServer live(options);
  Client client(live.address);
  client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + kHello);
  const std::string answer = client.read_all();
  CHECK(holds(answer, "503 Service Unavailable"));
  CHECK(holds(answer, "Retry-After: 5\r\n"));
  CHECK(count(answer, "HTTP/1.1 ") == 1);
  std::this_thread::sleep_for(milliseconds(450));
  CHECK(holds(live.ask(kLast), "200 OK"));
  CHECK(live.logged().front().status == 503);
  CHECK(eventually([&] { return live.server->connections() == 0; }));
}

TEST_CASE("slow heads, bodies, readers and idlers are closed at their deadlines") {
  ServerOptions options;
  options.header_timeout = options.body_timeout = milliseconds(150);
  options.idle_timeout = milliseconds(300);
  options.write_timeout = milliseconds(200);
  LiveServer live(options);

  const auto begun = std::chrono::steady_clock::now();
  Client dripping(live.address);
  std::size_t sent = 0;
  while (sent < kHello.size() && dripping.send(kHello.substr(sent, 1))) {
    ++sent;
    std::this_thread::sleep_for(milliseconds(20));
  }
  CHECK(sent < kHello.size());
  CHECK(std::chrono::steady_clock::now() - begun < milliseconds(600));

  Client half(live.address);
  half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(half.read_all(milliseconds(1000)).empty());
  CHECK(half.was_closed());

  Client idler(live.address);
  idler.send(kHello);
  CHECK(holds(idler.read_all(milliseconds(1000)), "200 OK"));
  CHECK(idler.was_closed());

  Client reader(live.address, 4096);
  reader.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(eventually([&] { return live.server->connections() == 1; }));
  CHECK(eventually([&] { return live.server->connections() == 0; }));
}

TEST_CASE("a large answer arrives whole") {
  LiveServer live;
  const std::string answer = live.ask("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(answer.size() - answer.find("\r\n\r\n") - 4 == 8 * 1024 * 1024);
}

TEST_CASE("preflight and cross-origin answers") {
  LiveServer live;
  const auto preflight = [&](const std::string& path, const std::string& origin) {
    return live.ask("OPTIONS " + path + " HTTP/1.1\r\nHost: a\r\nOrigin: " + origin +
                    "\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n");
  };
  const std::string good = preflight("/token", "https://app.example");
  CHECK(holds(good, "204 No Content"));
  CHECK(holds(good, "Access-Control-Allow-Origin: https://app.example\r\n"));
  CHECK(holds(good, "Access-Control-Allow-Methods: POST\r\n"));
  CHECK(holds(good, "Access-Control-Allow-Headers: authorization, content-type, dpop\r\n"));
  CHECK(holds(good, "Access-Control-Max-Age: 600\r\n"));
  CHECK(count(good, "Vary: Origin\r\n") == 1);
  for (const char* origin : {"https://evil.example", "null", "https://APP.example",
                             "https://app.example, https://evil.example"}) {
    const std::string bad = preflight("/token", origin);
    CHECK(holds(bad, "204 No Content"));
    CHECK_FALSE(holds(bad, "Access-Control-Allow"));
    CHECK(holds(bad, "Vary: Origin\r\n"));
  }
  CHECK(holds(preflight("/keys", "null"), "Access-Control-Allow-Origin: *\r\n"));
  CHECK_FALSE(holds(preflight("/echo", "https://app.example"), "Access-Control"));

  const auto post = [&](const std::string& origin, const std::string& length) {
    return live.ask("POST /token HTTP/1.1\r\nHost: a\r\nOrigin: " + origin +
                    "\r\nContent-Length: " + length + "\r\nConnection: close\r\n\r\n");
  };
  const std::string answer = post("https://app.example", "0");
  CHECK(holds(answer, "Access-Control-Allow-Origin: https://app.example\r\n"));
  CHECK(holds(answer, "Access-Control-Expose-Headers: WWW-Authenticate, Retry-After\r\n"));
  CHECK_FALSE(holds(answer, "Credentials"));
  CHECK_FALSE(holds(post("null", "0"), "Access-Control"));
  CHECK_FALSE(holds(post("https://evil.example", "0"), "Access-Control"));
}

TEST_CASE("forwarded addresses count from trusted peers only") {
  const std::string request =
      "GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.1\r\n"
      "X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n";
  LiveServer plain;
  const std::string ignored = plain.ask(request);
  CHECK(holds(ignored, "127.0.0.1 http"));
  CHECK_FALSE(holds(ignored, "Strict-Transport-Security"));
  ServerOptions options;
  options.trusted_proxies = {"127.0.0.0/8"};
  LiveServer behind(options);
  const std::string believed = behind.ask(request);
  CHECK(holds(believed, "198.51.100.1 https"));
  CHECK(holds(believed, "Strict-Transport-Security: max-age=31536000\r\n"));
}

TEST_CASE("at the cap the connection that waited longest goes") {
  ServerOptions options;
  options.threads = 1;
  options.max_connections = 3;
  LiveServer live(options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(live.address));
    clients.back()->send(kHello);
    CHECK(holds(clients.back()->read_until("hello a"), "200 OK"));
  }
  clients[0]->send(kHello);
  CHECK(holds(clients[0]->read_until("hello a"), "200 OK"));
  CHECK(holds(live.ask(kLast), "200 OK"));
  CHECK(clients[1]->read_all(milliseconds(500)).empty());
  CHECK(clients[1]->was_closed());
  clients[2]->send(kHello);
  CHECK(holds(clients[2]->read_until("hello a"), "200 OK"));
}

TEST_CASE("the accept loop survives running out of descriptors") {
  ServerOptions options;
  options.threads = 1;
  LiveServer live(options);
  {
    Client before(live.address);
    before.send(kHello);
    CHECK(holds(before.read_until("hello a"), "200 OK"));
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rlimit none = limit;
    none.rlim_cur = static_cast<rlim_t>(client) + 1;  // nothing above what is open
    // Fill the gaps below, so that the next descriptor would lie above the limit.
    std::vector<int> fillers;
    setrlimit(RLIMIT_NOFILE, &none);
    for (int fd = dup(0); fd >= 0; fd = dup(0)) fillers.push_back(fd);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(
        static_cast<std::uint16_t>(std::stoi(live.address.substr(live.address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    // The idle connection makes room, or the new one is told to go: nobody hangs.
    const bool closed =
        eventually([&] { return before.read_all(milliseconds(5)), before.was_closed(); });
    for (const int fd : fillers) close(fd);
    setrlimit(RLIMIT_NOFILE, &limit);
    close(client);
    CHECK(closed);
  }
  CHECK(holds(live.ask(kLast), "200 OK"));
}

TEST_CASE("old connections are asked to leave") {
  ServerOptions options;
  options.connection_max_age = milliseconds(50);
  LiveServer live(options);
  Client client(live.address);
  client.send(kHello);
  CHECK_FALSE(holds(client.read_until("hello a"), "Connection: close"));
  std::this_thread::sleep_for(milliseconds(60));
  client.send(kHello);
  CHECK(holds(client.read_until("hello a"), "Connection: close"));
}

TEST_CASE("drain lets running requests end and refuses new ones") {
  LiveServer live;
  Client idle(live.address);
  idle.send(kHello);
  CHECK(holds(idle.read_until("hello a"), "200 OK"));
  Client running(live.address);
  running.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(milliseconds(50));
  std::string answer;
  std::thread reader([&] { answer = running.read_all(); });
  const auto begun = std::chrono::steady_clock::now();
  live.server->drain(milliseconds(5000));
  CHECK(std::chrono::steady_clock::now() - begun < milliseconds(3000));
  reader.join();
  CHECK(holds(answer, "late"));
  CHECK(holds(answer, "Connection: close"));
  idle.read_all(milliseconds(100));
  CHECK(idle.was_closed());
  CHECK_THROWS(Client(live.address));
  CHECK(live.server->connections() == 0);
}

TEST_CASE("drain does not wait longer than its grace") {
  LiveServer live;
  Client running(live.address);
  running.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  std::this_thread::sleep_for(milliseconds(50));
  const auto begun = std::chrono::steady_clock::now();
  live.server->drain(milliseconds(50));
  CHECK(std::chrono::steady_clock::now() - begun < milliseconds(300));
  CHECK(running.read_all().empty());
  CHECK(live.server->connections() == 0);
}

TEST_CASE("addresses that can't be used are named") {
  const auto starting = [](const std::string& listen) {
    ServerOptions options;
    options.listen = {listen};
    options.threads = 2;
    Server server(options, Router(), nullptr, nullptr, nullptr);
    server.start();
  };
  LiveServer live;
  CHECK(holds(sentence_of([&] { starting(live.address); }), "can't listen on " + live.address));
  for (const char* bad : {"localhost:80", "127.0.0.1", "127.0.0.1:99999", "::1:80",
                          "[127.0.0.1]:80", "", "127.0.0.1:"}) {
    INFO(bad);
    CHECK_THROWS_AS(starting(bad), std::runtime_error);
  }
  ServerOptions options;
  options.listen = {"127.0.0.1:0", "[::1]:0"};
  LiveServer two(options);
  CHECK(two.server->addresses().size() == 2);
  CHECK(two.server->addresses()[1].starts_with("[::1]:"));
}

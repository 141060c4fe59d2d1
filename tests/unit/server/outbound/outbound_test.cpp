#include "server/outbound/outbound.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <future>

#include "server/runtime/run_blocking.h"
#include "tests/support/catch.h"
#include "tests/unit/server/outbound/outbound_site.h"

using namespace outbound_test;
using namespace server::outbound;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

Result send(Outbound& outbound, OutboundRequest request) {
  return server::runtime::run_blocking(outbound.send(std::move(request)));
}
Result get(Outbound& outbound, const std::string& url) {
  OutboundRequest request;
  request.url = url;
  return send(outbound, std::move(request));
}

}  // namespace

TEST_CASE("a request goes to an allowed address and brings its answer", "[outbound]") {
  const Certificate certificate;
  Seen seen, version;
  HttpsServer server(certificate, [&](Conversation& conversation) {
    seen = conversation.request;
    version = conversation.version();
    conversation.answer(
        "201 Created\r\nContent-Type: Application/JWK-Set+json; charset=utf-8\r\n"
        "Cache-Control: public, Max-Age=\"120\"\r\nSet-Cookie: a=b\r\nContent-Encoding: gzip",
        "{\"keys\":[]}");
  });
  Outbound outbound(options_for(certificate));
  OutboundRequest request;
  request.url = server.url("/jwks?a=b", "rp.example.com");
  request.accept = "application/json";
  const auto answer = send(outbound, request);
  REQUIRE(answer.has_value());
  CHECK(answer->status == 201);
  CHECK(answer->media_type == "application/jwk-set+json");
  CHECK(answer->max_age == 120s);
  CHECK(answer->body == "{\"keys\":[]}");
  CHECK(version.get() == "TLSv1.3");
  CHECK(seen.get().starts_with("GET /jwks?a=b HTTP/1.1\r\n"));
  CHECK(seen.get().find("Host: rp.example.com:" + std::to_string(server.port())) !=
        std::string::npos);
  CHECK(seen.get().find("Accept: application/json\r\n") != std::string::npos);
  CHECK(seen.get().find("Accept-Encoding") == std::string::npos);
  // No cookie comes back, also with a second request.
  CHECK(send(outbound, request).has_value());
  CHECK(seen.get().find("Cookie") == std::string::npos);
  CHECK(server.connections() == 2);
}

TEST_CASE("a form is posted", "[outbound]") {
  const Certificate certificate;
  Seen seen;
  HttpsServer server(certificate, [&](Conversation& conversation) {
    seen = conversation.request;
    conversation.answer("204 No Content", "");
  });
  Outbound outbound(options_for(certificate));
  OutboundRequest request;
  request.method = OutboundRequest::Method::post_form;
  request.url = server.url("/logout");
  request.body = "logout_token=" + std::string(3000, 'x');
  const auto answer = send(outbound, request);
  REQUIRE(answer.has_value());
  CHECK(answer->status == 204);
  CHECK(seen.get().starts_with("POST /logout HTTP/1.1\r\n"));
  CHECK(seen.get().find("Content-Type: application/x-www-form-urlencoded\r\n") !=
        std::string::npos);
  CHECK(seen.get().find("Expect") == std::string::npos);
  CHECK(seen.get().ends_with(request.body));
}

TEST_CASE("an address that is not public gets no connection", "[outbound]") {
  const Certificate certificate;
  HttpsServer canary(certificate, say_ok);
  auto options = options_for(certificate);
  options.allowed_addresses = {};
  std::vector<std::string> addresses;
  options.look_up = [&](const std::string&) { return addresses; };
  Outbound outbound(options);
  const std::string port = ":" + std::to_string(canary.port()) + "/";
  for (const char* host :
       {"127.0.0.1", "2130706433", "0177.1", "0x7f.1", "localhost", "a.localhost", "0.0.0.0", "0",
        "[::1]", "[::ffff:127.0.0.1]", "[::]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"}) {
    INFO(host);
    const auto answer = get(outbound, "https://" + std::string(host) + port);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().fault == OutboundFault::refused);
  }
  for (const char* address : {"127.0.0.1", "::ffff:127.0.0.1", "::1", "0.0.0.0", "10.0.0.1",
                              "169.254.169.254", "fe80::1", "64:ff9b::7f00:1", "fd00::1"}) {
    INFO(address);
    addresses = {address};
    const auto answer = get(outbound, canary.url("/", "rp.example.com"));
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().fault == OutboundFault::refused);
  }
  const auto plain = get(outbound, "http://127.0.0.1" + port);
  CHECK(plain.error().fault == OutboundFault::refused);
  CHECK(canary.connections() == 0);
}

TEST_CASE("of a name's addresses only the vetted ones are reached", "[outbound]") {
  const Certificate certificate;
  HttpsServer server(certificate, say_ok);
  auto options = options_for(certificate);
  options.allowed_addresses = {"127.0.0.1", "127.0.0.9"};
  options.look_up = [](const std::string&) {
    // The first is closed to us, at the second nobody listens.
    return std::vector<std::string>{"127.0.0.2", "127.0.0.9", "127.0.0.1"};
  };
  Outbound outbound(options);
  CHECK(get(outbound, server.url("/", "rp.example.com")).has_value());
  CHECK(server.connections() == 1);
}

TEST_CASE("a name is looked up once for each request", "[outbound]") {
  // Rebinding: whatever the name means the second time is of no account.
  const Certificate certificate;
  HttpsServer server(certificate, say_ok);
  auto options = options_for(certificate);
  options.allowed_addresses = {"127.0.0.9"};
  std::atomic<int> asked = 0;
  options.look_up = [&](const std::string&) {
    return std::vector<std::string>{asked++ == 0 ? "127.0.0.9" : "127.0.0.1"};
  };
  Outbound outbound(options);
  const auto answer = get(outbound, server.url("/", "rp.example.com"));
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().fault == OutboundFault::failed);
  CHECK(asked == 1);
  CHECK(server.connections() == 0);
}

TEST_CASE("a redirect is the answer", "[outbound]") {
  const Certificate certificate;
  HttpsServer canary(certificate, say_ok);
  for (const char* status : {"301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect",
                             "308 Permanent Redirect"}) {
    HttpsServer server(certificate, [&](Conversation& conversation) {
      conversation.answer(status + std::string("\r\nLocation: ") + canary.url(), "");
    });
    Outbound outbound(options_for(certificate));
    const auto answer = get(outbound, server.url());
    REQUIRE(answer.has_value());
    CHECK(answer->status / 100 == 3);
    CHECK(server.connections() == 1);
  }
  CHECK(canary.connections() == 0);
}

TEST_CASE("an answer that is too large is not taken", "[outbound]") {
  const Certificate certificate;
  std::atomic<int> written = 0;
  HttpsServer server(certificate, [&](Conversation& conversation) {
    const auto is = [&](const char* path) {
      return conversation.request.starts_with(std::string("GET ") + path + " ");
    };
    if (is("/exact")) return conversation.answer("200 OK", std::string(1000, 'x'));
    if (is("/announced")) {
      conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
      return conversation.hang();
    }
    conversation.write("HTTP/1.1 200 OK\r\n");
    if (is("/chunked")) {
      conversation.write("Transfer-Encoding: chunked\r\n\r\n");
      while (written < 1000 && conversation.write("3e8\r\n" + std::string(1000, 'x') + "\r\n")) {
        ++written;
      }
    } else {
      while (written < 1000 && conversation.write("X: " + std::string(1000, 'x') + "\r\n")) {
        ++written;
      }
    }
  });
  Outbound outbound(options_for(certificate));
  OutboundRequest request;
  request.most_bytes = 1000;
  request.url = server.url("/exact");
  CHECK(send(outbound, request)->body.size() == 1000);
  for (const char* path : {"/announced", "/chunked", "/headers"}) {
    INFO(path);
    written = 0;
    request.url = server.url(path);
    const auto answer = send(outbound, request);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().fault == OutboundFault::too_large);
  }
}

TEST_CASE("a slow server, and a slow name server, cost the time-out", "[outbound]") {
  const Certificate certificate;
  HttpsServer server(certificate, [](Conversation& conversation) {
    if (conversation.request.starts_with("GET /drip ")) {
      conversation.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
      for (int i = 0; i < 100 && conversation.write("x"); ++i) std::this_thread::sleep_for(20ms);
    }
    conversation.hang();
  });
  auto options = options_for(certificate);
  options.timeout = 300ms;
  options.look_up = [](const std::string&) {
    std::this_thread::sleep_for(1500ms);
    return std::vector<std::string>{"127.0.0.1"};
  };
  const auto begin = Clock::now();
  {
    Outbound outbound(options);
    for (const auto& url :
         {server.url("/"), server.url("/drip"), server.url("/", "rp.example.com")}) {
      INFO(url);
      const auto started = Clock::now();
      const auto answer = get(outbound, url);
      REQUIRE_FALSE(answer.has_value());
      CHECK(answer.error().fault == OutboundFault::failed);
      CHECK(Clock::now() - started >= 290ms);
      CHECK(Clock::now() - started < 1200ms);
    }
  }
  CHECK(Clock::now() - begin < 5s);
}

TEST_CASE("the certificate must verify and name the host", "[outbound]") {
  const Certificate certificate;
  const Certificate stranger;
  const Certificate other_name("DNS:other.example.com");
  std::atomic<int> requests = 0;
  const auto count = [&](Conversation& conversation) {
    if (!conversation.request.empty()) ++requests;
    say_ok(conversation);
  };
  HttpsServer unknown_authority(stranger, count);
  HttpsServer wrong_name(other_name, count);
  {
    Outbound outbound(options_for(certificate));
    const auto answer = get(outbound, unknown_authority.url());
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().fault == OutboundFault::failed);
  }
  {
    Outbound outbound(options_for(other_name));
    for (const char* host : {"rp.example.com", "127.0.0.1", "localhost"}) {
      INFO(host);
      CHECK_FALSE(get(outbound, wrong_name.url("/", host)).has_value());
    }
  }
  {
    auto options = options_for(certificate);
    options.ca_file.clear();  // the system's authorities know neither
    Outbound outbound(options);
    CHECK_FALSE(get(outbound, unknown_authority.url()).has_value());
  }
  CHECK(requests == 0);
  CHECK(unknown_authority.connections() == 2);
}

TEST_CASE("neither proxies nor the environment divert a request", "[outbound]") {
  const Certificate certificate;
  HttpsServer server(certificate, say_ok);
  HttpsServer proxy(certificate, say_ok);
  const std::string address = proxy.url();
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    setenv(name, address.c_str(), 1);
  }
  setenv("SSL_CERT_FILE", "/nonexistent", 1);
  Outbound outbound(options_for(certificate));
  CHECK(get(outbound, server.url()).has_value());
  for (const char* name :
       {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "SSL_CERT_FILE"}) {
    unsetenv(name);
  }
  CHECK(proxy.connections() == 0);
}

TEST_CASE("what is refused or broken says so", "[outbound]") {
  const Certificate certificate;
  Outbound outbound(options_for(certificate));
  CHECK(get(outbound, "https://unknown.example.com/").error().fault == OutboundFault::failed);
  CHECK(get(outbound, "file:///etc/passwd").error().fault == OutboundFault::refused);
  CHECK(get(outbound, "https://127.0.0.1:22/").error().fault == OutboundFault::refused);
  CHECK(get(outbound, "https://127.0.0.1:65000/").error().fault == OutboundFault::failed);
  OutboundOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  CHECK_THROWS_AS(Outbound(options), std::runtime_error);
  options.ca_file = certificate.key();
  CHECK_THROWS_AS(Outbound(options), std::runtime_error);
  options.ca_file.clear();
  options.allowed_addresses = {"10.0.0.0/99"};
  CHECK_THROWS_AS(Outbound(options), std::runtime_error);
}

TEST_CASE("the end of the server ends what is under way", "[outbound]") {
  const Certificate certificate;
  HttpsServer slow(certificate, [](Conversation& conversation) { conversation.hang(); });
  auto options = options_for(certificate);
  options.timeout = 30s;
  options.look_up = [](const std::string&) {
    std::this_thread::sleep_for(200ms);
    return std::vector<std::string>{"127.0.0.1"};
  };
  auto outbound = std::make_unique<Outbound>(options);
  boost::asio::io_context context;
  int ended = 0;
  for (const auto& url : {slow.url(), slow.url("/", "rp.example.com")}) {
    for (int i = 0; i < 20; ++i) {
      OutboundRequest request;
      request.url = url;
      boost::asio::co_spawn(context, outbound->send(std::move(request)),
                            [&](const std::exception_ptr&, const Result& answer) {
                              if (!answer && answer.error().fault == OutboundFault::stopped)
                                ++ended;
                            });
    }
  }
  context.run_for(100ms);
  const auto started = Clock::now();
  outbound->stop();
  context.restart();
  context.run_for(500ms);
  CHECK(ended == 40);
  CHECK(get(*outbound, slow.url()).error().fault == OutboundFault::stopped);
  outbound.reset();
  CHECK(Clock::now() - started < 3s);
}

TEST_CASE("coroutines that are gone before their answer are let go", "[outbound]") {
  const Certificate certificate;
  HttpsServer slow(certificate, [](Conversation& conversation) { conversation.hang(); });
  auto options = options_for(certificate);
  options.timeout = 30s;
  boost::asio::io_context context;
  Outbound outbound(options);
  for (int i = 0; i < 10; ++i) {
    OutboundRequest request;
    request.url = slow.url();
    boost::asio::co_spawn(context, outbound.send(std::move(request)), boost::asio::detached);
  }
  context.run_for(100ms);
  // As when the server goes down: the I/O threads have ended, the executor still stands.
}

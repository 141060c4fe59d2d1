#include "server/http/gate.h"

#include "server/http/request_head.h"
#include "tests/support/catch.h"

using namespace server::http;

namespace {

// 0 when the request is let through; the status of the refusal otherwise.
int judge(const std::string& bytes, const GateRules& rules = {}) {
  HeadScanner scanner;
  switch (scanner.scan(bytes)) {
    case HeadScanner::State::incomplete:
      return -1;
    case HeadScanner::State::malformed:
      return 400;
    case HeadScanner::State::head_too_large:
      return 431;
    case HeadScanner::State::target_too_long:
      return 414;
    case HeadScanner::State::complete:
      break;
  }
  RequestHead head;
  if (!parse_head(std::string_view(bytes).substr(0, scanner.size()), head)) return 400;
  const auto verdict = admit(head, rules);
  return verdict ? 0 : verdict.error().status;
}

std::string get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}

}  // namespace

TEST_CASE("the gate lets ordinary requests through") {
  CHECK(judge(get("/")) == 0);
  CHECK(judge(get("/a/b?c=d&e=%20f")) == 0);
  CHECK(judge(get("//etc/passwd")) == 0);
  CHECK(judge("\r\n" + get("/")) == 0);
  CHECK(judge("HEAD / HTTP/1.0\r\nHost: a\r\n\r\n") == 0);
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    CHECK(judge(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n") == 0);
  }
  // What a stock Java client sends over plain http.
  CHECK(judge(get("/",
                  "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAA\r\n"
                  "Upgrade: h2c\r\nAccept-Encoding: gzip\r\nAccept-Encoding: deflate\r\n")) == 0);
  CHECK(judge(get("/", "X: a\tb\r\nY: gr\xc3\xbc\xc3\x9f\r\nEmpty:\r\n")) == 0);
}

TEST_CASE("the gate refuses what frames a message twice or not at all") {
  const std::string body = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const char* fields : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                             "Transfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: gzip\r\n",
                             "Transfer-Encoding: xchunked\r\n",
                             "Transfer-Encoding: chunked, identity\r\n",
                             "Transfer-Encoding: identity\r\n",
                             "Transfer-Encoding: chunked;q=1\r\n",
                             "Transfer-Encoding: Chunked\r\n",
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: \x0b"
                             "chunked\r\n",
                             "Transfer-Encoding : chunked\r\n",
                             "Transfer-Encoding:\r\n",
                             "transfer-encoding:\tchunked\r\n",
                             "Trailer: Host\r\n",
                             "Trailer: Authorization, Cookie\r\n",
                             "Content-Length: 5\r\nContent-Length: 5\r\n",
                             "Content-Length: 5\r\nContent-Length: 6\r\n",
                             "Content-Length: 5, 5\r\n",
                             "Content-Length: +5\r\n",
                             "Content-Length: -5\r\n",
                             "Content-Length: 0x5\r\n",
                             "Content-Length: 5 5\r\n",
                             "Content-Length:\r\n",
                             "Content-Length: 5;\r\n",
                             "Content-Length: 99999999999999999999\r\n"}) {
    INFO(fields);
    CHECK(judge(body + fields + "\r\n") == 400);
  }
  CHECK(judge("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(judge(body + "Content-Length: 5\r\n\r\n") == 0);
  CHECK(judge(body + "\r\n") == 0);
}

TEST_CASE("the gate wants one well-formed Host that is known") {
  const auto with_host = [](const std::string& lines, const GateRules& rules = {}) {
    return judge("GET /x HTTP/1.1\r\n" + lines + "\r\n", rules);
  };
  CHECK(with_host("") == 400);
  CHECK(judge("GET / HTTP/1.0\r\n\r\n") == 400);
  for (const char* host : {"",        "a,b",      "u@a",  "u:p@a",     "a:",     "a:b",    "a:0",
                           "a:65536", "a:123456", "a b",  "a/b",       "a?b",    "a#b",    "a\\b",
                           ".a",      "-a",       "[::1", "::1",       "[::1]x", "[g::1]", "[::1]:",
                           "a:80:80", "http://a", "a%00", "gr\xc3\xbc"}) {
    INFO(host);
    CHECK(with_host("Host: " + std::string(host) + "\r\n") == 400);
  }
  CHECK(with_host("Host: a\r\nHost: a\r\n") == 400);
  CHECK(with_host("Host: a\r\nhost: b\r\n") == 400);
  CHECK(with_host("Host: [::1]:8080\r\n") == 0);

  const GateRules rules{.allowed_hosts = {"a.example", "localhost:8080"},
                        .any_host_paths = {"/livez"}};
  CHECK(with_host("Host: a.example\r\n", rules) == 0);
  CHECK(with_host("Host: A.Example:443\r\n", rules) == 0);
  CHECK(with_host("Host: localhost:8080\r\n", rules) == 0);
  CHECK(with_host("Host: localhost\r\n", rules) == 421);
  CHECK(with_host("Host: a.example:8443\r\n", rules) == 421);
  CHECK(with_host("Host: a.example.\r\n", rules) == 421);
  CHECK(with_host("Host: b.example\r\n", rules) == 421);
  CHECK(with_host("Host: 127.0.0.1\r\n", rules) == 421);
  CHECK(judge("GET /livez HTTP/1.1\r\nHost: 10.0.0.7:8080\r\n\r\n", rules) == 0);
  CHECK(judge("GET /livez?x HTTP/1.1\r\nHost: 10.0.0.7\r\n\r\n", rules) == 0);
  CHECK(judge("GET /livez/x HTTP/1.1\r\nHost: 10.0.0.7\r\n\r\n", rules) == 421);
}

TEST_CASE("the gate takes origin-form targets of printable ASCII only") {
  for (const char* target : {"http://a.example/", "http://evil.example/", "*", "a", "/a\\b", "/a#b",
                             "/a%00b", "/\xc3\xbc", "/\x7f", "/a%00"}) {
    INFO(target);
    CHECK(judge(get(target)) == 400);
  }
  CHECK(judge(get("/..%5c..%2f")) == 0);
  CHECK(judge(get("/" + std::string(kTargetLimit, 'a'))) == 414);
  CHECK(judge("GET /" + std::string(kHeadLimit, 'a')) == 414);
}

TEST_CASE("the gate knows seven methods and two versions") {
  for (const char* method : {"TRACE", "FOO", "get", "PROPFIND"}) {
    CHECK(judge(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n") == 501);
  }
  CHECK(judge("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n") == 501);
  CHECK(judge("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 400);
  CHECK(judge("GET / HTTP/0.9\r\nHost: a\r\n\r\n") == 400);
  CHECK(judge("GET / HTTP/1.2\r\nHost: a\r\n\r\n") == 400);
  CHECK(judge("GET /\r\n\r\n") == 400);
  CHECK(judge("PRI * HTTP/2.0\r\n\r\n") == 400);
}

TEST_CASE("the scanner stops at the first byte that can't stand in a head") {
  CHECK(judge("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(judge("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n") == 400);
  CHECK(judge(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29)) == 400);
  CHECK(judge(get("/", "X: a\r\n folded\r\n")) == 400);
  CHECK(judge(get("/", "X: a\r\n\tfolded\r\n")) == 400);
  CHECK(judge("\x16\x03\x01") == 400);
  CHECK(judge("\r\n\r\n" + get("/")) == 400);
  CHECK(judge(get("/", "X: \xff\xfe\r\n")) == 400);
  CHECK(judge(get("/", "X: a\x1b[0m\r\n")) == 400);
  CHECK(judge(get("/", "No colon\r\n")) == 400);
  CHECK(judge(get("/", ": empty\r\n")) == 400);
  CHECK(judge("GET / HTTP/1.1\r\nHost: a\r\n") == -1);
  CHECK(judge("") == -1);
}

TEST_CASE("the gate limits number and size of fields") {
  std::string hundred, many;
  for (int i = 0; i < 99; ++i) hundred += "X: 1\r\n";
  CHECK(judge(get("/", hundred)) == 0);
  CHECK(judge(get("/", hundred + "X: 1\r\n")) == 400);
  for (int i = 0; i < 1200; ++i) many += "A: b\r\n";
  CHECK(judge(get("/", many)) == 400);
  CHECK(judge(get("/", "X: " + std::string(kHeadLimit, 'a') + "\r\n")) == 431);
}

TEST_CASE("a head is found however it is cut") {
  const std::string bytes = get("/path?query", "X: y\r\n") + "GET /next";
  for (std::size_t first = 0; first < bytes.size(); ++first) {
    HeadScanner scanner;
    auto state = scanner.scan(std::string_view(bytes).substr(0, first));
    if (state == HeadScanner::State::incomplete) state = scanner.scan(bytes);
    REQUIRE(state == HeadScanner::State::complete);
    REQUIRE(scanner.size() == bytes.size() - 9);
  }
}

TEST_CASE("the gate reads what the connection needs") {
  RequestHead head;
  REQUIRE(
      parse_head("POST /a?b=c?d HTTP/1.1\r\nHOST: a\r\nContent-Length: 7\r\n"
                 "Connection: x, Close\r\nExpect: 100-Continue\r\n\r\n",
                 head));
  CHECK(head.fields[0].first == "host");
  const auto admission = admit(head, {});
  REQUIRE(admission);
  CHECK(admission->path == "/a");
  CHECK(admission->query == "b=c?d");
  CHECK(admission->content_length == 7);
  CHECK_FALSE(admission->keep_alive);
  CHECK(admission->expects_continue);
  REQUIRE(
      parse_head("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n"
                 "Expect: 100-continue\r\n\r\n",
                 head));
  const auto old = admit(head, {});
  REQUIRE(old);
  CHECK_FALSE(old->keep_alive);
  CHECK_FALSE(old->expects_continue);
}

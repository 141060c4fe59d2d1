#include "server/http/forwarded.h"

#include "tests/support/catch.h"

using namespace server::http;
using boost::asio::ip::make_address;

namespace {

Request seen_through(const std::string& peer, const std::string& forwarded_for,
                     const std::string& proto, const std::vector<std::string>& trusted) {
  Request request;
  request.client_address = peer;
  if (!forwarded_for.empty()) request.headers.emplace_back("x-forwarded-for", forwarded_for);
  if (!proto.empty()) request.headers.emplace_back("x-forwarded-proto", proto);
  request.headers.emplace_back("x-forwarded-host", "evil.example");
  apply_forwarded(request, make_address(peer), TrustedProxies(trusted));
  return request;
}

std::string client(const std::string& peer, const std::string& forwarded_for) {
  return seen_through(peer, forwarded_for, "", {"10.0.0.0/8", "fd00::/16"}).client_address;
}

}  // namespace

TEST_CASE("trusted proxies are addresses and CIDR blocks") {
  const TrustedProxies trusted({"10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "::1"});
  CHECK(trusted.contains(make_address("10.255.1.2")));
  CHECK_FALSE(trusted.contains(make_address("11.0.0.1")));
  CHECK(trusted.contains(make_address("192.0.2.7")));
  CHECK_FALSE(trusted.contains(make_address("192.0.2.6")));
  CHECK(trusted.contains(make_address("2001:db8:7fff::1")));
  CHECK_FALSE(trusted.contains(make_address("2001:db8:8000::1")));
  CHECK(trusted.contains(make_address("::1")));
  CHECK(trusted.contains(make_address("::ffff:10.1.1.1")));
  CHECK_FALSE(TrustedProxies({}).contains(make_address("127.0.0.1")));
  CHECK(TrustedProxies({"0.0.0.0/0"}).contains(make_address("8.8.8.8")));
  CHECK_FALSE(TrustedProxies({"0.0.0.0/0"}).contains(make_address("2001:db8::1")));
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "proxy", "::/129",
                          "10.0.0.0/-1", "fe80::1%eth0"}) {
    INFO(bad);
    CHECK_THROWS_AS(TrustedProxies({bad}), std::runtime_error);
  }
}

TEST_CASE("the client is the rightmost address that no trusted proxy has") {
  CHECK(client("203.0.113.9", "198.51.100.1") == "203.0.113.9");  // the peer is not trusted
  CHECK(client("10.0.0.1", "198.51.100.1") == "198.51.100.1");
  CHECK(client("10.0.0.1", "6.6.6.6, 198.51.100.1") == "198.51.100.1");
  CHECK(client("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2") == "198.51.100.1");
  CHECK(client("10.0.0.1", "10.0.0.3, 10.0.0.2") == "10.0.0.3");
  CHECK(client("10.0.0.1", "198.51.100.1, unknown") == "10.0.0.1");
  CHECK(client("10.0.0.1", "198.51.100.1:4711") == "198.51.100.1");
  CHECK(client("10.0.0.1", "[2001:db8::1]:4711") == "2001:db8::1");
  CHECK(client("10.0.0.1", "2001:DB8:0::1") == "2001:db8::1");
  CHECK(client("10.0.0.1", "::ffff:198.51.100.1") == "198.51.100.1");
  CHECK(client("10.0.0.1", "fe80::1%lo") == "10.0.0.1");
  CHECK(client("10.0.0.1", "") == "10.0.0.1");
  CHECK(client("fd00::5", "198.51.100.1") == "198.51.100.1");
}

TEST_CASE("the scheme is what the nearest trusted proxy said") {
  const std::vector<std::string> trusted = {"10.0.0.1"};
  CHECK(seen_through("10.0.0.1", "", "https", trusted).is_https);
  CHECK(seen_through("10.0.0.1", "", "HTTPS", trusted).is_https);
  CHECK_FALSE(seen_through("10.0.0.1", "", "http", trusted).is_https);
  CHECK_FALSE(seen_through("10.0.0.1", "", "https, http", trusted).is_https);
  CHECK_FALSE(seen_through("10.0.0.2", "", "https", trusted).is_https);
  CHECK_FALSE(seen_through("10.0.0.1", "", "", trusted).is_https);
}

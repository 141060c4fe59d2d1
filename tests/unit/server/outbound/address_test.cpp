#include "server/outbound/address.h"

#include <algorithm>

#include "server/outbound/look_up.h"
#include "server/outbound/outbound.h"
#include "server/outbound/target.h"
#include "tests/support/catch.h"

using namespace server::outbound;

namespace {

bool judged_public(const std::string& text) {
  const auto address = Address::parse(text);
  REQUIRE(address.has_value());
  return is_public(*address);
}

}  // namespace

TEST_CASE("only public unicast addresses are public", "[outbound]") {
  for (const char* text :
       {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",     "126.255.255.255", "128.0.0.1",
        "169.253.255.255", "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
        "192.0.1.0",       "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",      "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
        "2400::1",         "2a00::1",         "2003::1",         "3ffe:ffff::1",
        "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8"}) {
    INFO(text);
    CHECK(judged_public(text));
  }
  for (const char* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.254",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.1.1",
                           "198.18.0.0",
                           "198.19.255.255",
                           "198.51.100.7",
                           "203.0.113.9",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::2",
                           "fc00::1",
                           "fd12:3456::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1",
                           "2001:db8::1",
                           "3fff::1",
                           "2001::1",
                           "2001:0:4136:e378::1",
                           "2001:10::1",
                           "2001:2::1",
                           "2002:7f00:1::",
                           "2002:808:808::1",
                           "::ffff:127.0.0.1",
                           "::ffff:169.254.169.254",
                           "::127.0.0.1",
                           "::8.8.8.8",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b::a9fe:a9fe",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::1",
                           "64:ff9b:1::808:808",
                           "64:ff9b:0:0:0:1:808:808",
                           "100::1",
                           "5f00::1",
                           "1::1",
                           "4000::1"}) {
    INFO(text);
    CHECK_FALSE(judged_public(text));
  }
}

TEST_CASE("IPv4 is read in every form that resolvers read", "[outbound]") {
  const auto read = [](const char* text) {
    const auto address = parse_loose_ipv4(text);
    return address ? address->to_string() : "";
  };
  CHECK(read("127.0.0.1") == "127.0.0.1");
  CHECK(read("2130706433") == "127.0.0.1");
  CHECK(read("0x7f000001") == "127.0.0.1");
  CHECK(read("0X7F.1") == "127.0.0.1");
  CHECK(read("017700000001") == "127.0.0.1");
  CHECK(read("0177.1") == "127.0.0.1");
  CHECK(read("127.1") == "127.0.0.1");
  CHECK(read("10.258") == "10.0.1.2");
  CHECK(read("10.1.258") == "10.1.1.2");
  CHECK(read("0") == "0.0.0.0");
  CHECK(read("4294967295") == "255.255.255.255");
  for (const char* text :
       {"", ".", "1.", ".1", "1.2.3.4.5", "256.1", "1.2.3.256", "4294967296", "1.16777216", "08",
        "09.1", "0x1g", "1e3", "-1", "+1", " 1", "1..2", "99999999999999999999999999999"}) {
    INFO(text);
    CHECK(read(text).empty());
  }
}

TEST_CASE("an operator's list holds addresses and blocks", "[outbound]") {
  const AddressBlocks blocks(
      {"127.0.0.1", "10.8.0.0/15", "fd00:1::/32", "::ffff:192.168.7.0/120", "::1"});
  const auto held = [&](const char* text) { return blocks.contains(*Address::parse(text)); };
  CHECK(held("127.0.0.1"));
  CHECK(held("::ffff:127.0.0.1"));
  CHECK_FALSE(held("127.0.0.2"));
  CHECK(held("10.9.255.255"));
  CHECK_FALSE(held("10.10.0.0"));
  CHECK(held("fd00:1:2::3"));
  CHECK_FALSE(held("fd00:2::1"));
  CHECK(held("192.168.7.9"));
  CHECK_FALSE(held("192.168.8.1"));
  CHECK(held("::1"));
  CHECK_FALSE(held("::127.0.0.1"));
  CHECK_FALSE(AddressBlocks({}).contains(*Address::parse("127.0.0.1")));
  for (const char* text : {"", "localhost", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0/8",
                           "127.1", "10.0.0.0/-1", "fe80::1%lo"}) {
    INFO(text);
    CHECK_THROWS_AS(AddressBlocks({text}), std::runtime_error);
  }
}

TEST_CASE("URLs are judged by what they mean", "[outbound]") {
  for (const char* url :
       {"https://rp.example.com", "https://rp.example.com/", "HTTPS://RP.example.com/jwks?a=b",
        "https://rp.example.com.:443/x", "https://rp.example.com:8443/x", "https://8.8.8.8/",
        "https://[2606:4700::1111]/", "https://134744072/", "https://a-b_c.example.com/"}) {
    INFO(url);
    CHECK(is_acceptable_url(url, {}));
  }
  for (const char* url :
       {// not https, or no host
        "http://rp.example.com/", "ftp://rp.example.com/", "file:///etc/passwd", "https:/x",
        "https://", "https:///x", "", "rp.example.com", "//rp.example.com/", "gopher://a.b/",
        // user names, fragments, ports
        "https://a@rp.example.com/", "https://a:b@rp.example.com/", "https://@rp.example.com/",
        "https://rp.example.com/#f", "https://rp.example.com:80/", "https://rp.example.com:22/",
        "https://rp.example.com:0/", "https://rp.example.com:65536/",
        // hosts that are names of something inside
        "https://localhost/", "https://LOCALHOST./", "https://tenant.localhost/",
        "https://a.b.localhost./", "https://intranet/", "https://intranet./", "https://a..b/",
        "https://-a.example.com/", "https://a-.example.com/", "https://./",
        // percent escapes, other alphabets, brackets
        "https://127.0.0.%31/", "https://%6c%6fcalhost/", "https://rp%2eexample.com/",
        "https://[127.0.0.1]/", "https://[::1%25lo]/", "https://[fe80::1%eth0]/", "https://[::1/",
        "https://rp.example.com\\@evil.example/", "https://r\xc3\xa4.example/",
        "https://rp.example.com\r\nHost: x/", "https://rp example.com/",
        // IPv4 in all forms
        "https://127.0.0.1/", "https://127.0.0.1./", "https://127.1/", "https://2130706433/",
        "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://0177.1/",
        "https://017700000001/", "https://0/", "https://0.0.0.0/", "https://169.254.169.254/",
        "https://0xa9fea9fe/", "https://10.0.0.1/", "https://192.168.0.1/", "https://100.64.0.1/",
        "https://1.2.3.4.5/", "https://256.256.256.256/", "https://a.b.0x1/", "https://4294967296/",
        // IPv6 in all forms
        "https://[::1]/", "https://[::]/", "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
        "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/", "https://[fe80::1]/", "https://[fd00::1]/",
        "https://[::127.0.0.1]/"}) {
    INFO(url);
    CHECK_FALSE(is_acceptable_url(url, {}));
  }
}

TEST_CASE("what the operator allows is allowed in every form", "[outbound]") {
  const std::vector<std::string> loopback{"127.0.0.0/8"};
  for (const char* url :
       {"https://127.0.0.1:8443/", "https://2130706433/", "https://localhost:8443/",
        "https://rp.localhost/", "https://[::ffff:127.0.0.1]/"}) {
    INFO(url);
    CHECK(is_acceptable_url(url, loopback));
  }
  CHECK_FALSE(is_acceptable_url("https://[::1]/", loopback));
  CHECK(is_acceptable_url("https://[::1]/", {"::1"}));
  CHECK_FALSE(is_acceptable_url("http://127.0.0.1/", loopback));
  CHECK_FALSE(is_acceptable_url("https://127.0.0.1:22/", loopback));
  CHECK_FALSE(is_acceptable_url("https://127.0.0.1/", {"no address"}));
}

TEST_CASE("an URL is rebuilt from what it means", "[outbound]") {
  CHECK(read_target("HTTPS://RP.Example.com.:443?x=1")->url == "https://rp.example.com/?x=1");
  CHECK(read_target("https://0177.1:8443/a%2f?b")->url == "https://127.0.0.1:8443/a%2f?b");
  CHECK(read_target("https://[0:0::1]/")->url == "https://[::1]/");
  CHECK(read_target("https://[::ffff:10.0.0.1]/")->url == "https://10.0.0.1/");
}

TEST_CASE("the system's resolver is asked", "[outbound]") {
  const auto addresses = look_up("localhost");
  CHECK(std::ranges::count(addresses, "127.0.0.1") + std::ranges::count(addresses, "::1") >= 1);
  CHECK(look_up("a..b").empty());
}

#include "oidc/base/uri.h"

#include "tests/support/catch.h"

using oidc::is_loopback_host;
using oidc::is_loopback_literal;
using oidc::Uri;

TEST_CASE("URI: the parts") {
  const auto uri = Uri::parse("https://user:pw@Example.com:8443/a/b?x=1&y=?#frag?#");
  REQUIRE(uri);
  CHECK(uri->scheme == "https");
  CHECK(uri->has_authority);
  CHECK(uri->has_userinfo);
  CHECK(uri->userinfo == "user:pw");
  CHECK(uri->host == "Example.com");
  CHECK(uri->port == "8443");
  CHECK(uri->path == "/a/b");
  CHECK(uri->query == std::string("x=1&y=?"));
  CHECK(uri->fragment == std::string("frag?#"));
}

TEST_CASE("URI: parts that are empty are told from parts that are missing") {
  const auto bare = Uri::parse("https://rp.example");
  REQUIRE(bare);
  CHECK(bare->path.empty());
  CHECK_FALSE(bare->query);
  CHECK_FALSE(bare->fragment);
  CHECK_FALSE(bare->has_userinfo);
  const auto empty = Uri::parse("https://@rp.example/?#");
  REQUIRE(empty);
  CHECK(empty->query == std::string());
  CHECK(empty->fragment == std::string());
  CHECK(empty->has_userinfo);
  CHECK(empty->userinfo.empty());
}

TEST_CASE("URI: where the host is not what it seems") {
  const struct {
    const char* text;
    const char* host;
    bool userinfo;
  } table[] = {
      {"https://rp.example@evil.example/", "evil.example", true},
      {"https://rp.example:443@evil.example/", "evil.example", true},
      {"https://a@b@evil.example/", "evil.example", true},
      {"https://evil.example/@rp.example", "evil.example", false},
      {"https://evil.example?@rp.example", "evil.example", false},
      {"https://evil.example#@rp.example", "evil.example", false},
      {"https://rp.example.evil.example/", "rp.example.evil.example", false},
      {"https://[::1]:8080/", "[::1]", false},
      {"https://[2001:db8::1]/", "[2001:db8::1]", false},
  };
  for (const auto& row : table) {
    CAPTURE(row.text);
    const auto uri = Uri::parse(row.text);
    REQUIRE(uri);
    CHECK(uri->host == row.host);
    CHECK(uri->has_userinfo == row.userinfo);
  }
}

TEST_CASE("URI: without authority") {
  const auto custom = Uri::parse("com.example.app:/callback?x=1");
  REQUIRE(custom);
  CHECK_FALSE(custom->has_authority);
  CHECK(custom->host.empty());
  CHECK(custom->path == "/callback");
  const auto script = Uri::parse("javascript:alert(1)");
  REQUIRE(script);
  CHECK(script->scheme == "javascript");
  CHECK_FALSE(script->has_authority);
}

TEST_CASE("URI: what is refused") {
  for (const char* text : {"",
                           "/relative",
                           "//host/path",
                           "rp.example/cb",
                           "1http://h/",
                           "ht tp://h/",
                           ":x",
                           "http//h",
                           "https://",
                           "https:///path",
                           "https://:443/",
                           "https://user@/",
                           "https://h\\@evil/",
                           "https:\\\\h/",
                           "https://h/a b",
                           "https://h/\"",
                           "https://h/<x>",
                           "https://h/^",
                           "https://h/`",
                           "https://h/{x}",
                           "https://h/|",
                           "https://h/\n",
                           "https://h/\t",
                           "https://h/\x7f",
                           "https://h\xc3\xa9/",
                           "https://h:/",
                           "https://h:0/",
                           "https://h:65536/",
                           "https://h:-1/",
                           "https://h:+1/",
                           "https://h:80a/",
                           "https://h:080443/",
                           "https://a:b:80/",
                           "https://[::1",
                           "https://[::1]x/",
                           "https://[::1]80/",
                           "https://::1/"}) {
    CAPTURE(text);
    CHECK_FALSE(Uri::parse(text));
  }
  CHECK_FALSE(Uri::parse(std::string_view("https://h/\0", 11)));
}

TEST_CASE("URI: 2048 bytes are the most") {
  const std::string start = "https://rp.example/";
  CHECK(Uri::parse(start + std::string(2048 - start.size(), 'a')));
  CHECK_FALSE(Uri::parse(start + std::string(2049 - start.size(), 'a')));
}

TEST_CASE("URI: origins") {
  const std::pair<const char*, const char*> table[] = {
      {"HTTPS://RP.Example:443/x", "https://rp.example"},
      {"http://rp.example:80", "http://rp.example"},
      {"http://rp.example:443/", "http://rp.example:443"},
      {"https://rp.example:8443/?q#f", "https://rp.example:8443"},
      {"https://u:p@rp.example/", "https://rp.example"},
      {"http://[::1]:3000/", "http://[::1]:3000"}};
  for (const auto& [text, origin] : table) {
    CAPTURE(text);
    const auto uri = Uri::parse(text);
    REQUIRE(uri);
    CHECK(uri->origin() == origin);
  }
}

TEST_CASE("loopback: literals") {
  for (const char* host : {"127.0.0.1", "127.255.255.255", "127.0.0.0", "127.1.2.3", "[::1]"}) {
    CAPTURE(host);
    CHECK(is_loopback_literal(host));
    CHECK(is_loopback_host(host));
  }
  for (const char* host : {"",
                           "127.",
                           "127.0.0",
                           "127.1",
                           "127.0.0.256",
                           "127.0.0.01",
                           "127.0.0.1.",
                           "127.0.0.1.5",
                           "127.0.0.1.evil.example",
                           "127.0..1",
                           "127.0.0.-1",
                           "127.0.0.0x1",
                           "128.0.0.1",
                           "0127.0.0.1",
                           "0.0.0.0",
                           "2130706433",
                           "0x7f000001",
                           "::1",
                           "[::]",
                           "[0:0:0:0:0:0:0:1]",
                           "[::ffff:127.0.0.1]",
                           "[::1",
                           " 127.0.0.1",
                           "127.0.0.1 "}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback_literal(host));
    CHECK_FALSE(is_loopback_host(host));
  }
}

TEST_CASE("loopback: the name is exactly localhost") {
  CHECK(is_loopback_host("localhost"));
  CHECK_FALSE(is_loopback_literal("localhost"));
  for (const char* host : {"LOCALHOST", "localhost.", "localhost.evil.example", "a.localhost"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback_host(host));
  }
}

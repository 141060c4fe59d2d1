#include "oidc/request/redirect_uri.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::request;
using oidc::OAuthErrorCode;
using oidc::model::Client;

namespace {

Client with_uri(std::string uri) {
  Client client = samples::web();
  client.redirect_uris = {{std::move(uri), std::nullopt}};
  return client;
}

}  // namespace

TEST_CASE("redirect_uri: byte for byte") {
  CHECK(redirect_uri_matches("https://rp.test/cb", "https://rp.test/cb"));
  CHECK(redirect_uri_matches("https://rp.test/cb?t=1", "https://rp.test/cb?t=1"));
  CHECK(redirect_uri_matches("com.ex.app:/cb", "com.ex.app:/cb"));
  for (std::string_view requested :
       {// prefix and path tricks
        "https://rp.test/cb/../../evil", "https://rp.test/cbevil", "https://rp.test/cb/x",
        "https://rp.test/cb?x=1", "https://rp.test/cb;a", "https://rp.test/cb/..;/x",
        "https://rp.test/cb/", "https://rp.test/c", "https://rp.test", "https://rp.test//cb",
        "https://rp.test/%63b", "https://rp.test/cb%00", "https://rp.test/cb?",
        // user names
        "https://rp.test@evil.test/cb", "https://rp.test:x@evil.test", "https://a@b@rp.test/cb",
        "https://@rp.test/cb", "https://rp.test%40evil.test/cb", "https://evil.test/cb",
        // case
        "https://rp.test/CB", "HTTPS://rp.test/cb", "https://RP.test/cb",
        // fragment, port, scheme, white space, back-slash
        "https://rp.test/cb#f", "https://rp.test/cb#", "https://rp.test:443/cb",
        "https://rp.test:8443/cb", "http://rp.test/cb", " https://rp.test/cb",
        "https://rp.test/cb ", "https:/rp.test/cb", "https:\\\\rp.test/cb", "//rp.test/cb", "/cb",
        "https://rp.test./cb", "https://rp.test/cb\n"}) {
    CAPTURE(std::string(requested));
    CHECK_FALSE(redirect_uri_matches("https://rp.test/cb", requested));
  }
}

TEST_CASE("redirect_uri: any port on a loopback literal (RFC 8252 §7.3)") {
  for (std::string_view requested : {"http://127.0.0.1/cb", "http://127.0.0.1:1/cb",
                                     "http://127.0.0.1:80/cb", "http://127.0.0.1:65535/cb"}) {
    CAPTURE(std::string(requested));
    CHECK(redirect_uri_matches("http://127.0.0.1/cb", requested));
    CHECK(redirect_uri_matches("http://127.0.0.1:9999/cb", requested));
  }
  CHECK(redirect_uri_matches("http://[::1]/cb", "http://[::1]:4711/cb"));
  CHECK(redirect_uri_matches("http://127.0.0.1/cb?x=1", "http://127.0.0.1:1/cb?x=1"));
}

TEST_CASE("redirect_uri: on loopback nothing but the port may differ") {
  for (std::string_view requested : {"http://127.0.0.1:1/cb?x=1",
                                     "http://127.0.0.1:1/cb?",
                                     "http://127.0.0.1/other",
                                     "http://127.0.0.1:1/cb/",
                                     "http://127.0.0.1:1/",
                                     "http://127.0.0.1:1",
                                     "http://127.0.0.1.evil.test/cb",
                                     "http://127.0.0.1@evil.test/cb",
                                     "http://evil@127.0.0.1:1/cb",
                                     "http://@127.0.0.1:1/cb",
                                     "http://127.0.0.1:1@evil.test/cb",
                                     "http://0.0.0.0/cb",
                                     "http://127.0.0.2/cb",
                                     "http://127.1/cb",
                                     "http://2130706433/cb",
                                     "http://[::1]/cb",
                                     "http://[::ffff:127.0.0.1]/cb",
                                     "http://localhost:1/cb",
                                     "https://127.0.0.1:1/cb",
                                     "HTTP://127.0.0.1:1/cb",
                                     "http://127.0.0.1:1/cb#f",
                                     "http://127.0.0.1:1/cb#",
                                     "http://127.0.0.1:0/cb",
                                     "http://127.0.0.1:65536/cb",
                                     "http://127.0.0.1:/cb",
                                     "http://127.0.0.1:+1/cb",
                                     "http://127.0.0.1:1/cb\r\n",
                                     "http://127.0.0.1:1\\@evil.test/cb",
                                     "http://127.0.0.1:1/CB"}) {
    CAPTURE(std::string(requested));
    CHECK_FALSE(redirect_uri_matches("http://127.0.0.1/cb", requested));
  }
}

TEST_CASE("redirect_uri: the port is free on loopback literals only") {
  CHECK_FALSE(redirect_uri_matches("http://localhost/cb", "http://localhost:1/cb"));
  CHECK(redirect_uri_matches("http://localhost:8080/cb", "http://localhost:8080/cb"));
  CHECK_FALSE(redirect_uri_matches("https://127.0.0.1/cb", "https://127.0.0.1:1/cb"));
  CHECK_FALSE(redirect_uri_matches("com.ex.app://127.0.0.1/cb", "com.ex.app://127.0.0.1:1/cb"));
  CHECK_FALSE(redirect_uri_matches("http://[::1]/cb", "http://127.0.0.1/cb"));
  CHECK_FALSE(redirect_uri_matches("https://rp.test/cb", ""));
}

TEST_CASE("redirect_uri: validated against the live rows of this client") {
  auto client = with_uri("https://rp.test/cb");
  client.redirect_uris.push_back({"https://rp.test/old", samples::kNow});
  client.redirect_uris.push_back(
      {"https://rp.test/soon", samples::kNow + std::chrono::milliseconds(1)});
  CHECK(validate_redirect_uri(client, "https://rp.test/cb", samples::kNow)->text() ==
        "https://rp.test/cb");
  CHECK(validate_redirect_uri(client, "https://rp.test/soon", samples::kNow));
  for (std::string_view requested : {"https://rp.test/old", "https://rp.test/x", ""}) {
    const auto refused = validate_redirect_uri(client, requested, samples::kNow);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == OAuthErrorCode::invalid_request);
    CHECK_FALSE(refused.error().detail.empty());
  }
  client.redirect_uris.clear();
  CHECK_FALSE(validate_redirect_uri(client, "https://rp.test/cb", samples::kNow));
}

TEST_CASE("redirect_uri: what was asked for is used, not what is registered") {
  const auto uri = validate_redirect_uri(with_uri("http://127.0.0.1/cb"),
                                         "http://127.0.0.1:51004/cb", samples::kNow);
  REQUIRE(uri);
  CHECK(uri->text() == "http://127.0.0.1:51004/cb");
  CHECK(uri->host() == "127.0.0.1:51004");
  CHECK(uri->scheme() == "http:");
}

TEST_CASE("redirect_uri: scheme, host and who may be listening") {
  struct Row {
    const char* uri;
    const char* scheme;
    const char* host;
    bool native;
  };
  for (const auto& row : {Row{"https://rp.test/cb", "https:", "rp.test", false},
                          Row{"https://127.0.0.1:8443/cb", "https:", "127.0.0.1:8443", false},
                          Row{"HTTPS://rp.test/cb", "HTTPS:", "rp.test", false},
                          Row{"http://localhost:3000/cb", "http:", "localhost:3000", true},
                          Row{"http://[::1]/cb", "http:", "[::1]", true},
                          Row{"com.ex.app:/cb", "com.ex.app:", "", true}}) {
    CAPTURE(row.uri);
    const auto uri = validate_redirect_uri(with_uri(row.uri), row.uri, samples::kNow);
    REQUIRE(uri);
    CHECK(uri->scheme() == row.scheme);
    CHECK(uri->host() == row.host);
    CHECK(uri->is_private_use_or_loopback() == row.native);
  }
}

TEST_CASE("post_logout_redirect_uri: its own list") {
  auto client = with_uri("https://rp.test/cb");
  client.post_logout_redirect_uris = {"https://rp.test/bye", "http://127.0.0.1/bye"};
  CHECK(validate_post_logout_redirect_uri(client, "https://rp.test/bye"));
  CHECK(validate_post_logout_redirect_uri(client, "http://127.0.0.1:5/bye"));
  for (const char* requested : {"https://rp.test/cb", "https://rp.test/bye?x", "https://evil.test/",
                                "https://rp.test/bye#f", ""}) {
    CAPTURE(requested);
    CHECK_FALSE(validate_post_logout_redirect_uri(client, requested));
  }
}

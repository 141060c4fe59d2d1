#include "tests/unit/oidc/metadata/client_metadata_samples.h"

using namespace oidc::metadata;
using namespace metadata_test;

TEST_CASE("check_redirect_uri: accepted") {
  for (std::string_view uri :
       {"https://rp.test/cb", "https://rp.test", "https://rp.test/", "https://rp.test:8443/cb",
        "https://rp.test/cb?tenant=1", "HTTPS://rp.test/cb", "https://rp.test/a..b/c",
        "https://rp.test/..cb", "https://[2001:db8::1]/cb", "https://127.0.0.1/cb",
        "http://127.0.0.1/cb", "http://127.0.0.1:1/cb", "http://127.9.9.9/cb", "http://[::1]/cb",
        "http://localhost/cb", "http://localhost:8080/cb", "com.ex.app:/cb", "com.ex.app://host/cb",
        "Com.Ex.App:/cb"}) {
    CAPTURE(std::string(uri));
    CHECK(check_redirect_uri(uri));
  }
}

TEST_CASE("check_redirect_uri: refused") {
  using namespace std::string_view_literals;
  for (std::string_view uri :
       {// no absolute URI
        ""sv, "/cb"sv, "//rp.test/cb"sv, "rp.test/cb"sv, "https:"sv, "https:/cb"sv, "https://"sv,
        "https:///cb"sv, "https://rp.test:0/cb"sv, "https://rp.test:65536/cb"sv,
        "https://rp.test:/cb"sv, "https://rp.test/c b"sv, "https://rp.test/cb\r\nX: y"sv,
        "https://rp.test/\"x"sv, "https://rp.test/<x>"sv, "https://rp.test\\@evil.test/cb"sv,
        "https://rp.test/\xc3\xa4"sv, "https://[::1/cb"sv, "https://rp.test/{x}"sv,
        "https://rp%2etest/cb"sv,
        // fragment
        "https://rp.test/cb#f"sv, "https://rp.test/cb#"sv, "com.ex.app:/cb#f"sv,
        // user name
        "https://rp.test@evil.test/cb"sv, "https://rp.test:x@evil.test"sv,
        "https://a@b@rp.test/cb"sv, "https://@rp.test/cb"sv, "http://u@127.0.0.1/cb"sv,
        "http://localhost:8090%25@evil.test"sv,
        // wildcard
        "https://*.rp.test/cb"sv, "https://rp.test/*"sv, "http://localhost:*"sv,
        "https://rp.test/cb?x=*"sv, "*"sv, "com.ex.app:/*"sv,
        // dot segments
        "https://rp.test/cb/../evil"sv, "https://rp.test/cb/.."sv, "https://rp.test/./cb"sv,
        "https://rp.test/cb/."sv, "https://rp.test/cb/..;/x"sv, "https://rp.test/.;x/cb"sv,
        // http elsewhere than on loopback
        "http://rp.test/cb"sv, "http://0.0.0.0/cb"sv, "http://127.0.0.1.evil.test/cb"sv,
        "http://127.1/cb"sv, "http://127.0.0.01/cb"sv, "http://0x7f.0.0.1/cb"sv,
        "http://2130706433/cb"sv, "http://[::ffff:127.0.0.1]/cb"sv, "http://localhost./cb"sv,
        "http://localhost.evil.test/cb"sv, "http://a.localhost/cb"sv, "HTTP://rp.test/cb"sv,
        "http:/cb"sv,
        // dangerous schemes, whatever their case and the space around them
        "javascript:alert(1)"sv, "JaVaScRiPt:alert(1)"sv, "data:text/html,x"sv, " data:x"sv,
        "\tjavascript:x"sv, "vbscript:x"sv, "VBScript:x"sv, "file:///etc/passwd"sv,
        "blob:https://rp.test/x"sv, "about:blank"sv, "view-source:https://rp.test"sv,
        "ftp://rp.test/cb"sv, "ws://rp.test/cb"sv, "myapp:/cb"sv, "urn:ietf:wg:oauth:2.0:oob"sv,
        "intent://x#Intent;end"sv}) {
    CAPTURE(std::string(uri));
    const auto checked = check_redirect_uri(uri);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == OAuthErrorCode::invalid_redirect_uri);
  }
}

TEST_CASE("check_redirect_uri: length") {
  const std::string base = "https://rp.test/";
  CHECK(check_redirect_uri(base + std::string(2048 - base.size(), 'x')));
  CHECK_FALSE(check_redirect_uri(base + std::string(2049 - base.size(), 'x')));
}

TEST_CASE("check_sector_document: an array that holds every redirect URI") {
  const auto client = accepted({{"redirect_uris", {"https://a.test/cb", "https://b.test/cb"}},
                                {"sector_identifier_uri", "https://s.test/u"}});
  const auto fits = [&client](std::string_view text) {
    const auto checked = check_sector_document(text, client);
    if (!checked) CHECK(checked.error().code == OAuthErrorCode::invalid_client_metadata);
    return checked.has_value();
  };
  CHECK(fits(R"(["https://a.test/cb","https://b.test/cb"])"));
  CHECK(fits("\n[\"https://b.test/cb\", 1, \"https://x.test\",\n\"https://a.test/cb\"]\n"));
  for (std::string_view text :
       {"", "[]", "{}", "null", R"(["https://a.test/cb"])",
        R"(["https://a.test/cb","https://b.test/cb/"])", R"("https://a.test/cb")",
        R"({"redirect_uris":["https://a.test/cb","https://b.test/cb"]})",
        R"(["https://a.test/cb","https://b.test/cb"],"more":[])",
        R"(["https://a.test/cb","https://b.test/cb"]})",
        R"(["https://a.test/cb","https://b.test/cb")"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(fits(text));
  }
  CHECK_FALSE(fits("[\"" + std::string(70'000, 'x') + "\"]"));
}

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/config/config.h"
#include "tests/support/catch.h"

namespace {

using namespace server::config;

bool contains(const std::string& text, std::string_view part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

Config sound() {
  Config config;
  config.issuer = "https://id.example.com";
  return config;
}

// The one problem of `config`.
std::string problem(const Config& config) {
  const auto problems = check(config);
  if (problems.empty()) return "none";
  return problems.size() == 1 ? problems[0] : "several";
}

TEST_CASE("issuers in their one spelling are accepted", "[config]") {
  for (const auto* good :
       {"https://id.example.com", "https://id.example.com:8443", "https://a", "https://192.0.2.1",
        "https://[2001:db8::1]", "https://xn--bcher-kva.example", "http://localhost:8080",
        "http://127.0.0.1", "http://[::1]:8080", "https://localhost"}) {
    INFO(good);
    const auto issuer = validate_issuer(good);
    REQUIRE(issuer);
    CHECK(*issuer == good);
  }
}

TEST_CASE("other issuers are refused with a reason", "[config]") {
  const auto reason = [](std::string_view text) { return validate_issuer(text).error(); };
  CHECK(reason("https://id.example.com/") ==
        "issuer must be an address such as https://id.example.com, but "
        "\"https://id.example.com/\" ends in a slash.");
  CHECK(contains(reason("https://id.example.com/realm"), "has a path"));
  CHECK(contains(reason("https://id.example.com?x"), "has a query"));
  CHECK(contains(reason("https://id.example.com#"), "has a query or a fragment"));
  CHECK(contains(reason("https://u@id.example.com"), "holds a user name"));
  CHECK(contains(reason("http://id.example.com"), "is plain http"));
  CHECK(contains(reason("http://localhost.example.com"), "is plain http"));
  CHECK(contains(reason("http://127.0.0.1.example.com"), "is plain http"));
  CHECK(contains(reason("HTTPS://id.example.com"), "should be written https://id.example"));
  CHECK(contains(reason("https://ID.example.com"), "should be written https://id.example"));
  CHECK(contains(reason("https://id.example.com:443"), "should be written"));
  CHECK(contains(reason("ftp://id.example.com"), "does not begin with https://"));
  CHECK(contains(reason("https:id.example.com"), "is not an absolute address"));
  CHECK(contains(reason(""), "is not an absolute address"));
  CHECK(contains(reason("https://"), "is not an absolute address"));
  for (const auto* bad : {"https://a..b", "https://.a", "https://a.", "https://a_b", "https://-a",
                          "https://a,b", "https://%61", "https://1.2.3", "https://999.1.1.1",
                          "https://[::g]", "https://[]", "https://*.example.com"}) {
    INFO(bad);
    CHECK_FALSE(validate_issuer(bad).has_value());
  }
}

TEST_CASE("sound settings pass the check", "[config]") {
  CHECK(check(sound()).empty());
  auto config = sound();
  config.listen = {"0.0.0.0:443", "[::]:443", "127.0.0.1:0"};
  config.management_listen.clear();
  config.management_hosts = {"metrics.internal", "metrics.internal:9090", "[::1]:9090"};
  config.trusted_proxies = {"10.0.0.0/8", "::1", "2001:db8::/32", "192.0.2.7"};
  config.resources = {"https://api.example.com", "https://api.example.com/orders?v=2",
                      "urn:example:orders"};
  config.outbound_allowed_addresses = {"10.0.0.0/8", "fd00::/8", "127.0.0.1"};
  CHECK(check(config).empty());
}

TEST_CASE("each broken rule is told in one sentence", "[config]") {
  CHECK(contains(problem(Config()), "Set issuer to the public address"));
  const auto with = [](auto change) {
    auto config = sound();
    change(config);
    return problem(config);
  };
  for (const auto* bad : {"localhost:80", ":80", "127.0.0.1", "::1:80", "127.0.0.1:65536", "[::1]",
                          "[127.0.0.1]:80", "127.0.0.1:x", "127.0.0.1:"}) {
    INFO(bad);
    CHECK(contains(with([&](Config& c) { c.listen = {bad}; }), "listen must hold addresses"));
    CHECK(contains(with([&](Config& c) { c.management_listen = bad; }),
                   "management_listen must be an address"));
  }
  CHECK(with([](Config& c) { c.listen.clear(); }) == "Set listen to at least one address.");
  for (const auto* bad : {"10.0.0.0/33", "10.0.0.0/", "::1/129", "example.com", "10.0.0", "/8"}) {
    INFO(bad);
    CHECK(contains(with([&](Config& c) { c.trusted_proxies = {bad}; }), "CIDR blocks"));
  }
  for (const auto* bad : {"Metrics.internal", "http://a", "a/b", "a:b", "*"}) {
    INFO(bad);
    CHECK(contains(with([&](Config& c) { c.management_hosts = {bad}; }), "management_hosts"));
  }
  for (const auto* bad : {"sqlite:", "latchkey.db", "mysql://h/n", ""}) {
    INFO(bad);
    CHECK(with([&](Config& c) { c.database = bad; }) ==
          "database must be sqlite:FILE or postgresql://USER@HOST/NAME.");
  }
  CHECK(contains(with([](Config& c) { c.database = "postgresql://h/n"; }), "Set master_key_file"));
  CHECK(contains(with([](Config& c) { c.data_dir = "/nonexistent"; }),
                 "data_dir /nonexistent is not a folder"));
  CHECK(contains(with([](Config& c) { c.tls_cert_file = "/dev/null"; }),
                 "Set both tls_cert_file and tls_key_file"));
  for (const auto* bad : {"10.0.0.0/33", "example.com", "::1/129", "*"}) {
    INFO(bad);
    CHECK(contains(with([&](Config& c) { c.outbound_allowed_addresses = {bad}; }),
                   "outbound_allowed_addresses must hold addresses or CIDR blocks"));
  }
  CHECK(with([](Config& c) { c.outbound_ca_file = "/nonexistent.pem"; }) ==
        "outbound_ca_file /nonexistent.pem is not a regular file.");
  CHECK(contains(with([](Config& c) { c.outbound_ca_file = "/tmp"; }), "is not a regular file"));
  for (const auto* bad : {"api", "/orders", "https://api.example.com/#a", "https://u@api.example",
                          "https://", "//api.example.com", "https://api.example.com/ x", ":x"}) {
    INFO(bad);
    CHECK(contains(with([&](Config& c) { c.resources = {bad}; }),
                   "resources must hold absolute URIs without a fragment"));
  }
  CHECK(contains(with([](Config& c) { c.resources = {"urn:a:b", "urn:a:b"}; }), "twice"));
  CHECK(contains(with([](Config& c) { c.resources = {c.issuer}; }), "must not hold the issuer"));
  CHECK(contains(with([](Config& c) { c.session_absolute_lifetime = std::chrono::hours(1); }),
                 "session_absolute_lifetime must be at least"));
  CHECK(contains(with([](Config& c) { c.refresh_token_absolute_lifetime = std::chrono::hours(1); }),
                 "refresh_token_absolute_lifetime must be at least"));
}

TEST_CASE("key files belong to their owner alone", "[config]") {
  namespace fs = std::filesystem;
  std::string pattern = (fs::temp_directory_path() / "latchkey-key-XXXXXX").string();
  const std::string folder = mkdtemp(pattern.data());
  const auto key = folder + "/key.pem";
  std::ofstream(key) << "key";
  for (const mode_t good : {0600, 0400}) {
    chmod(key.c_str(), good);
    CHECK(check_key_file("tls_key_file", key));
  }
  for (const mode_t bad : {0640, 0604, 0660, 0644, 0610}) {
    chmod(key.c_str(), bad);
    CHECK(check_key_file("tls_key_file", key).error() ==
          "tls_key_file " + key + " is open to others than its owner; run: chmod 600 " + key + ".");
  }
  auto config = sound();
  config.tls_key_file = key;
  config.tls_cert_file = key;
  CHECK(check(config).size() == 1);
  // systemd shows its credentials as group-readable and keeps others out by itself.
  CHECK(check(config, folder).empty());
  CHECK(check(config, folder + "/").empty());
  CHECK(check(config, "/run/credentials/latchkey.service").size() == 1);

  CHECK(contains(check_key_file("master_key_file", folder).error(), "is not a regular file"));
  CHECK(contains(check_key_file("master_key_file", folder + "/none").error(),
                 "cannot be read: No such file or directory."));
  const auto pipe = folder + "/pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(contains(check_key_file("master_key_file", pipe).error(), "is not a regular file"));
  fs::remove_all(folder);
}

}  // namespace

#include "server/provider/client_keys.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "server/runtime/run_blocking.h"
#include "tests/support/catch.h"
#include "tests/unit/server/outbound/https_server.h"

using namespace outbound_test;
using namespace std::chrono_literals;
using oidc::TimePoint;
using server::provider::ClientKeys;

namespace {

constexpr std::string_view kKey = R"({"kty":"EC","crv":"P-256","use":"sig","alg":"ES256",)"
                                  R"("x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                                  R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":")";

std::string key_set(const std::string& kid) {
  return "{\"keys\":[" + std::string(kKey) + kid + "\"}]}";
}

// A client whose jwks_uri is served by the test, and how often it was asked.
struct Site {
  Certificate certificate;
  std::atomic<int> asked = 0, answered = 0;
  std::mutex mutex;
  std::string head = "200 OK";
  std::string body = key_set("one");
  std::chrono::milliseconds delay{0};
  HttpsServer server{certificate, [this](Conversation& conversation) {
                       ++asked;
                       std::unique_lock lock(mutex);
                       const auto said_head = head, said_body = body;
                       const auto wait = delay;
                       lock.unlock();
                       std::this_thread::sleep_for(wait);
                       conversation.answer(said_head, said_body);
                       ++answered;
                     }};
  server::outbound::Outbound outbound{
      {.allowed_addresses = {"127.0.0.1"}, .ca_file = certificate.cert(), .timeout = 2s}};
  ClientKeys keys{outbound};
  TimePoint now = oidc::from_millis(1'800'000'000'000);

  oidc::model::Client client(const std::string& id = "app") {
    oidc::model::Client made;
    made.client_id = id;
    made.jwks_uri = server.url("/jwks");
    return made;
  }
  void say(const std::string& new_head, const std::string& new_body) {
    const std::lock_guard lock(mutex);
    head = new_head;
    body = new_body;
  }
  // The kid of the first key; "-" for none, or "error".
  std::string find(const std::string& kid, const std::string& id = "app") {
    const auto of = client(id);
    const auto found = server::runtime::run_blocking(keys.find(of, kid, now));
    if (!found) {
      CHECK(found.error().code == oidc::OAuthErrorCode::temporarily_unavailable);
      return "error";
    }
    return found->empty() ? "-" : found->front().kid;
  }
};

}  // namespace

TEST_CASE("inline keys need no fetch", "[client_keys]") {
  Site site;
  auto client = site.client();
  const auto find = [&] {
    return server::runtime::run_blocking(site.keys.find(client, "other", site.now))->front().kid;
  };
  client.jwks = key_set("inline");
  CHECK(find() == "inline");
  CHECK(find() == "inline");
  client.jwks = key_set("changed");
  CHECK(find() == "changed");
  CHECK(site.asked == 0);
  client.jwks.clear();
  client.jwks_uri.clear();
  CHECK(server::runtime::run_blocking(site.keys.find(client, "", site.now))->empty());
}

TEST_CASE("a fetched set is kept for its time", "[client_keys]") {
  Site site;
  CHECK(site.find("one") == "one");
  CHECK(site.find("one") == "one");
  CHECK(site.find("") == "one");
  site.now += 299s;
  CHECK(site.find("one") == "one");
  CHECK(site.asked == 1);
  site.now += 2s;
  CHECK(site.find("one") == "one");
  CHECK(site.asked == 2);
}

TEST_CASE("max-age counts within bounds", "[client_keys]") {
  Site site;
  site.say("200 OK\r\nCache-Control: max-age=5", key_set("one"));
  CHECK(site.find("one", "short") == "one");
  site.say("200 OK\r\nCache-Control: max-age=90000", key_set("one"));
  CHECK(site.find("one", "long") == "one");
  site.now += 59s;
  CHECK(site.find("one", "short") == "one");
  CHECK(site.asked == 2);
  site.now += 2s;
  CHECK(site.find("one", "short") == "one");
  CHECK(site.asked == 3);
  site.now += 3530s;
  CHECK(site.find("one", "long") == "one");
  CHECK(site.asked == 3);
  site.now += 30s;
  CHECK(site.find("one", "long") == "one");
  CHECK(site.asked == 4);
}

TEST_CASE("an unknown kid is fetched, at most every two seconds", "[client_keys]") {
  Site site;
  CHECK(site.find("one") == "one");
  site.say("200 OK", key_set("two"));
  CHECK(site.find("two") == "one");
  CHECK(site.asked == 1);
  site.now += 2s;
  CHECK(site.find("two") == "two");
  CHECK(site.asked == 2);
  for (int i = 0; i < 20; ++i) {
    CHECK(site.find("bogus" + std::to_string(i)) == "two");
    site.now += 100ms;
  }
  CHECK(site.asked <= 3);
}

TEST_CASE("a set that cannot be fetched again goes on for a day", "[client_keys]") {
  Site site;
  CHECK(site.find("one") == "one");
  site.now += 1h;
  for (const auto& [head, body] : std::vector<std::pair<std::string, std::string>>{
           {"500 Broken", "x"},
           {"200 OK", "no json"},
           {"200 OK", R"({"keys":[{"kty":"oct","k":"AAAA"}]})"},
           {"302 Found\r\nLocation: " + site.server.url("/x"), ""},
           {"200 OK", std::string(70'000, ' ')}}) {
    INFO(head);
    site.say(head, body);
    CHECK(site.find("one") == "one");
    site.now += 2s;
  }
  CHECK(site.asked == 6);
  site.now += 25h;
  CHECK(site.find("one") == "error");
}

TEST_CASE("a failure is remembered for two seconds", "[client_keys]") {
  Site site;
  site.say("503 Busy", "");
  for (int i = 0; i < 5; ++i) CHECK(site.find("one") == "error");
  CHECK(site.asked == 1);
  site.say("200 OK", key_set("one"));
  site.now += 2s;
  CHECK(site.find("one") == "one");
}

TEST_CASE("who asks at once shares one fetch", "[client_keys]") {
  Site site;
  site.delay = 150ms;
  boost::asio::io_context context;
  int good = 0;
  const auto client = site.client();
  for (int i = 0; i < 30; ++i) {
    boost::asio::co_spawn(context, site.keys.find(client, "one", site.now),
                          [&](const std::exception_ptr&, const auto& found) {
                            if (found && found->size() == 1) ++good;
                          });
  }
  context.run();
  CHECK(good == 30);
  CHECK(site.asked == 1);
}

TEST_CASE("a changed jwks_uri and forget() start anew", "[client_keys]") {
  Site site;
  CHECK(site.find("one") == "one");
  site.keys.forget("app");
  CHECK(site.find("one") == "one");
  CHECK(site.asked == 2);
  auto moved = site.client();
  moved.jwks_uri = site.server.url("/elsewhere");
  CHECK(server::runtime::run_blocking(site.keys.find(moved, "one", site.now)).has_value());
  CHECK(site.asked == 3);
}

TEST_CASE("what was asked at an old jwks_uri is not taken for the new one", "[client_keys]") {
  Site site;
  site.say("200 OK", key_set("old"));
  site.delay = 300ms;
  const auto before = site.client();
  auto after = before;
  after.jwks_uri = site.server.url("/elsewhere");
  boost::asio::io_context context;
  const auto start = [&](const oidc::model::Client& of, std::string& said) {
    boost::asio::co_spawn(context, site.keys.find(of, "", site.now),
                          [&](const std::exception_ptr&, const auto& found) {
                            said = found ? found->front().kid : found.error().detail;
                          });
  };
  std::string first, second, third;
  start(before, first);
  start(before, second);
  context.run_for(100ms);
  REQUIRE(site.asked == 1);
  site.keys.forget("app");  // as a PUT does
  site.say("200 OK", key_set("new"));
  {
    const std::lock_guard lock(site.mutex);
    site.delay = 600ms;
  }
  start(after, third);
  context.run();
  // The old answer came while the new one was awaited.
  CHECK(first == "CLIENT-KEYS: the client was registered anew meanwhile");
  CHECK(second == first);
  CHECK(third == "new");
  CHECK(site.asked == 2);
  const auto kept = server::runtime::run_blocking(site.keys.find(after, "new", site.now));
  CHECK((kept && kept->front().kid == "new"));
  CHECK(site.asked == 2);
}

TEST_CASE("two states of a client that are asked for at once do not disturb each other",
          "[client_keys]") {
  // As on a node that learns of a change a second later.
  Site site;
  site.delay = 100ms;
  const auto before = site.client();
  auto after = before;
  after.jwks_uri = site.server.url("/elsewhere");
  boost::asio::io_context context;
  int good = 0;
  for (int i = 0; i < 10; ++i) {
    boost::asio::co_spawn(context, site.keys.find(i % 2 == 0 ? before : after, "one", site.now),
                          [&](const std::exception_ptr&, const auto& found) {
                            if (found && found->size() == 1) ++good;
                          });
  }
  context.run();
  CHECK(good == 10);
  CHECK(site.asked == 2);
}

TEST_CASE("a coroutine that goes away leaves nobody waiting", "[client_keys]") {
  Site site;
  site.delay = 100ms;
  const auto client = site.client();
  bool waited = false;
  boost::asio::io_context second;
  {
    boost::asio::io_context first;
    boost::asio::co_spawn(first, site.keys.find(client, "one", site.now),
                          [](const std::exception_ptr&, const auto&) {});
    first.poll();
    boost::asio::co_spawn(
        second, site.keys.find(client, "one", site.now),
        [&](const std::exception_ptr&, const auto& found) { waited = !found.has_value(); });
    second.poll();
    while (site.answered == 0) std::this_thread::sleep_for(1ms);
    // The fetch has ended, because a later one has; but the coroutine that asked never runs again.
    CHECK(site.find("one", "other") == "one");
    CHECK(site.asked == 2);
  }
  second.restart();
  second.run();
  CHECK(waited);
}

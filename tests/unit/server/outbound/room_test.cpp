// How many outgoing requests there may be at a time: in all, of one host, and of strangers.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <list>

#include "server/outbound/shares.h"
#include "tests/support/catch.h"
#include "tests/unit/server/outbound/outbound_site.h"

using namespace outbound_test;
using namespace server::outbound;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

// Requests under way, and how they ended.
struct Crowd {
  Outbound& outbound;
  boost::asio::io_context context;
  int good = 0, failed = 0, overloaded = 0;
  std::chrono::milliseconds last_good{0};
  const Clock::time_point begin = Clock::now();

  void start(const std::string& url, Share share = Share::strangers) {
    OutboundRequest request;
    request.url = url;
    request.share = share;
    boost::asio::co_spawn(
        context, outbound.send(std::move(request)),
        [this](const std::exception_ptr&, const Result& answer) {
          if (answer) {
            ++good;
            last_good = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
          } else if (answer.error().fault == OutboundFault::overloaded) {
            ++overloaded;
          } else {
            ++failed;
          }
        });
  }
};

}  // namespace

TEST_CASE("many requests wait their turn, and too many are refused", "[outbound]") {
  const Certificate certificate("IP:127.0.0.1,IP:127.0.0.2");
  HttpsServer slow(certificate, [](Conversation& conversation) { conversation.hang(); });
  HttpsServer quick(
      certificate,
      [](Conversation& conversation) {
        std::this_thread::sleep_for(20ms);
        say_ok(conversation);
      },
      2);
  auto options = options_for(certificate);
  options.most_at_once = 8;
  options.queue_limit = 160;
  options.timeout = 3s;
  Outbound outbound(options);
  Crowd crowd{.outbound = outbound};
  // A host that never answers holds a quarter of the places; the other one goes on meanwhile.
  for (int i = 0; i < 6; ++i) crowd.start(slow.url());
  for (int i = 0; i < 30; ++i) crowd.start(quick.url());
  for (int i = 0; i < 20; ++i) crowd.start(quick.url());
  crowd.context.run();
  CHECK(crowd.good + crowd.overloaded == 50);
  CHECK(crowd.good >= 34);
  CHECK(crowd.overloaded >= 1);
  CHECK(crowd.failed == 6);
  CHECK(quick.most_at_once() <= 4);  // two, and such as are just closing
}

TEST_CASE("one host cannot take all places by its ports or names", "[outbound]") {
  const Certificate certificate("DNS:*.example.com,IP:127.0.0.1");
  const auto hang = [](Conversation& conversation) { conversation.hang(); };
  std::list<HttpsServer> slow;
  for (int i = 0; i < 4; ++i) slow.emplace_back(certificate, hang);
  HttpsServer quick(certificate, say_ok, 2);
  auto options = options_for(certificate);
  options.most_at_once = 16;
  options.timeout = 2s;
  options.look_up = [](const std::string& name) {
    return std::vector<std::string>{name == "quick.example.com" ? "127.0.0.2" : "127.0.0.1"};
  };
  const bool by_name = GENERATE(false, true);
  INFO((by_name ? "names" : "ports"));
  Outbound outbound(options);
  Crowd crowd{.outbound = outbound};
  int number = 0;
  for (int i = 0; i < 4; ++i) {
    for (const auto& server : slow) {
      const auto name = "slow" + std::to_string(++number) + ".example.com";
      crowd.start(server.url("/", by_name ? name : ""));
    }
  }
  crowd.context.run_for(200ms);
  for (int i = 0; i < 6; ++i) crowd.start(quick.url("/", "quick.example.com"));
  crowd.context.restart();
  crowd.context.run();
  CHECK(crowd.good == 6);
  CHECK(crowd.last_good < 1500ms);
  CHECK(crowd.failed == 16);
  int asked = 0;
  for (const auto& server : slow) asked += server.connections();
  CHECK(asked == 4);
}

TEST_CASE("what waits for a network goes on when it has room", "[outbound]") {
  const Certificate certificate("DNS:*.example.com,IP:127.0.0.1");
  HttpsServer server(certificate, [](Conversation& conversation) {
    std::this_thread::sleep_for(50ms);
    say_ok(conversation);
  });
  auto options = options_for(certificate);
  options.most_at_once = 4;
  options.timeout = 5s;
  std::atomic<int> asked = 0;
  options.look_up = [&](const std::string&) {
    ++asked;
    return std::vector<std::string>{"127.0.0.1"};
  };
  Outbound outbound(options);
  Crowd crowd{.outbound = outbound};
  for (int i = 0; i < 12; ++i) {
    crowd.start(server.url("/", "n" + std::to_string(i) + ".example.com"));
  }
  crowd.context.run();
  CHECK(crowd.good == 12);
  CHECK(asked == 12);  // none was looked up twice
}

TEST_CASE("strangers leave places, queue and look-ups to what the server owes", "[outbound]") {
  const Certificate certificate(
      "DNS:*.example.com,IP:127.0.0.1,IP:127.0.0.2,IP:127.0.0.3,"
      "IP:127.0.0.4,IP:127.0.0.5");
  std::list<HttpsServer> slow;
  for (std::uint8_t last = 1; last <= 4; ++last) {
    slow.emplace_back(certificate, [](Conversation& conversation) { conversation.hang(); }, last);
  }
  HttpsServer quick(certificate, say_ok, 5);
  auto options = options_for(certificate);
  options.most_at_once = 8;
  options.queue_limit = 80;
  options.timeout = 2s;
  options.look_up = [](const std::string& name) {
    if (name != "own.example.com") std::this_thread::sleep_for(2500ms);
    return std::vector<std::string>{"127.0.0.5"};
  };
  const bool by_look_up = GENERATE(false, true);
  INFO((by_look_up ? "look-ups" : "places"));
  Outbound outbound(options);
  Crowd crowd{.outbound = outbound};
  int number = 0;
  for (int i = 0; i < 15; ++i) {
    for (const auto& server : slow) {
      const auto name = "slow" + std::to_string(++number) + ".example.com";
      crowd.start(server.url("/", by_look_up ? name : ""));
    }
  }
  crowd.context.run_for(200ms);
  CHECK(crowd.overloaded >= 16);  // the queue has 40 for them, and four or so are under way
  const int refused = crowd.overloaded;
  for (int i = 0; i < 10; ++i) crowd.start(quick.url("/", "own.example.com"), Share::own);
  crowd.context.restart();
  crowd.context.run();
  CHECK(crowd.good == 10);
  CHECK(crowd.last_good < 1500ms);
  CHECK(crowd.failed + refused == 60);
  CHECK(crowd.overloaded == refused);
}

TEST_CASE("shares count per host and in all", "[outbound]") {
  Shares shares(8);
  for (int i = 0; i < 2; ++i) {
    CHECK(shares.has_room(Share::strangers, "a"));
    shares.add(Share::strangers, "a");
  }
  CHECK_FALSE(shares.has_room(Share::strangers, "a"));
  CHECK(shares.has_room(Share::strangers, "b"));
  CHECK(shares.has_room(Share::own, "a"));
  shares.remove(Share::strangers, "a");
  CHECK(shares.has_room(Share::strangers, "a"));
  for (int i = 0; i < 4; ++i) {
    CHECK(shares.has_room(Share::strangers));
    shares.add(Share::strangers);
  }
  CHECK_FALSE(shares.has_room(Share::strangers));
  for (int i = 0; i < 4; ++i) {
    CHECK(shares.has_room(Share::own));
    shares.add(Share::own);
  }
  CHECK_FALSE(shares.has_room(Share::own));
  shares.remove(Share::own);
  CHECK(shares.has_room(Share::own));
  CHECK_FALSE(shares.has_room(Share::strangers));
  const Shares least(1);
  CHECK(least.has_room(Share::strangers));
  CHECK(least.has_room(Share::strangers, "a"));
}

#include "server/observe/metrics.h"

#include <array>
#include <limits>
#include <stdexcept>
#include <thread>

#include "tests/support/catch.h"

namespace {

using namespace server::observe;
using std::chrono::microseconds;

bool contains(const std::string& text, std::string_view part) {
  UNSCOPED_INFO(text);
  return text.find(part) != std::string::npos;
}

constexpr std::array kBounds = {0.1, 1.0};

TEST_CASE("counters, gauges and histograms in the text format", "[metrics]") {
  MetricsRegistry registry;
  auto& counter = registry.counter("app_events_total", "Events\nby \\ kind", {"kind", "how"});
  counter.with({"a", "say \"x\"\n\\"}).add();
  counter.with({"a", "say \"x\"\n\\"}).add(2);
  counter.with({"b", ""}).add();
  registry.gauge("app_queue", "Waiting", {{"pool", "password"}}, [] { return 3.0; });
  registry.gauge("app_queue", "Waiting", {{"pool", "database"}}, [] { return 0.5; });
  registry.gauge("app_up", "Up", {}, [] { return std::numeric_limits<double>::infinity(); });
  auto& times = registry.histogram("app_seconds", "Time", {"route"}, kBounds);
  times.with({"/x"}).observe(microseconds(50'000));
  times.with({"/x"}).observe(microseconds(100'000));  // a bound belongs to its bucket
  times.with({"/x"}).observe(microseconds(100'001));
  times.with({"/x"}).observe(microseconds(5'000'000));
  CHECK(registry.expose() ==
        "# HELP app_events_total Events\\nby \\\\ kind\n"
        "# TYPE app_events_total counter\n"
        "app_events_total{kind=\"a\",how=\"say \\\"x\\\"\\n\\\\\"} 3\n"
        "app_events_total{kind=\"b\",how=\"\"} 1\n"
        "# HELP app_queue Waiting\n"
        "# TYPE app_queue gauge\n"
        "app_queue{pool=\"password\"} 3\n"
        "app_queue{pool=\"database\"} 0.5\n"
        "# HELP app_up Up\n"
        "# TYPE app_up gauge\n"
        "app_up +Inf\n"
        "# HELP app_seconds Time\n"
        "# TYPE app_seconds histogram\n"
        "app_seconds_bucket{route=\"/x\",le=\"0.1\"} 2\n"
        "app_seconds_bucket{route=\"/x\",le=\"1\"} 3\n"
        "app_seconds_bucket{route=\"/x\",le=\"+Inf\"} 4\n"
        "app_seconds_sum{route=\"/x\"} 5.250001\n"
        "app_seconds_count{route=\"/x\"} 4\n");
}

TEST_CASE("the number of series is bounded", "[metrics]") {
  MetricsRegistry registry;
  auto& counter = registry.counter("many_total", "Many", {"kind"});
  for (int i = 0; i < 1000; ++i) counter.with({std::to_string(i)}).add();
  std::size_t series = 0;
  std::uint64_t total = 0;
  counter.for_each([&](const auto&, const Counter& one) {
    ++series;
    total += one.value();
  });
  CHECK(series == MetricsRegistry::kMaxSeries);
  CHECK(total == 1000);
  CHECK(counter.with({"other"}).value() == 801);
  CHECK(counter.with({"5"}).value() == 1);
  // References stay valid while series are added.
  auto& small = registry.counter("few_total", "Few", {"kind"}, 3);
  auto& first = small.with({"first"});
  for (int i = 0; i < 10; ++i) small.with({std::to_string(i)}).add();
  CHECK(&first == &small.with({"first"}));
}

TEST_CASE("mistakes in the program are told", "[metrics]") {
  MetricsRegistry registry;
  auto& counter = registry.counter("a_total", "A", {"x"});
  CHECK_THROWS_AS(counter.with({}), std::logic_error);
  CHECK_THROWS_AS(counter.with({"1", "2"}), std::logic_error);
  CHECK_THROWS_AS(registry.counter("a_total", "A", {}), std::logic_error);
  CHECK_THROWS_AS(registry.gauge("a_total", "A", {}, [] { return 0.0; }), std::logic_error);
  CHECK_THROWS_AS(registry.counter("1a", "A", {}), std::logic_error);
  CHECK_THROWS_AS(registry.counter("b_total", "B", {"le"}), std::logic_error);
  CHECK_THROWS_AS(registry.counter("b_total", "B", {"a-b"}), std::logic_error);
  registry.gauge("g", "G", {}, [] { return 0.0; });
  CHECK_THROWS_AS(registry.gauge("g", "G", {}, [] { return 0.0; }), std::logic_error);
  const std::array falling = {1.0, 0.5};
  CHECK_THROWS_AS(Histogram(falling), std::logic_error);
}

TEST_CASE("the server's metrics", "[metrics]") {
  MetricsRegistry registry;
  ServerMetrics metrics(registry);
  metrics.request("/token", "POST", 200, microseconds(2'000));
  metrics.request("/token", "POST", 400, microseconds(3'000));
  metrics.request("", "WHATEVER", 404, microseconds(10));
  metrics.request("", "ELSE", 404, microseconds(-5));
  metrics.request("/x", "GET", 0, microseconds(1));
  metrics.sign_in("success");
  metrics.tokens_issued("authorization_code");
  const auto text = registry.expose();
  CHECK(contains(text,
                 "latchkey_http_requests_total{route=\"/token\",method=\"POST\","
                 "status_class=\"2xx\"} 1\n"));
  CHECK(contains(text, "route=\"none\",method=\"any\",status_class=\"4xx\"} 2\n"));
  CHECK(contains(text, "route=\"/x\",method=\"GET\",status_class=\"other\"} 1\n"));
  CHECK(contains(text,
                 "latchkey_http_request_duration_seconds_bucket{route=\"/token\","
                 "le=\"0.0025\"} 1\n"));
  CHECK(contains(text, "latchkey_http_request_duration_seconds_count{route=\"/token\"} 2\n"));
  CHECK(contains(text, "latchkey_signins_total{outcome=\"success\"} 1\n"));
  CHECK(contains(text, "latchkey_tokens_issued_total{grant=\"authorization_code\"} 1\n"));
  CHECK(text.find("WHATEVER") == std::string::npos);
}

TEST_CASE("counting on many threads loses nothing", "[metrics]") {
  MetricsRegistry registry;
  ServerMetrics metrics(registry);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&metrics, &registry] {
        for (int k = 0; k < 2000; ++k) {
          metrics.request("/r" + std::to_string(k % 20), "GET", 200, microseconds(k));
          if (k % 500 == 0) (void)registry.expose();
        }
      });
    }
  }
  std::size_t lines = 0;
  const auto text = registry.expose();
  for (std::size_t at = 0; (at = text.find("status_class=\"2xx\"} 400\n", at)) != std::string::npos;
       ++at) {
    ++lines;
  }
  CHECK(lines == 20);
}

}  // namespace

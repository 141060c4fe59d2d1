#include <thread>

#include "oidc/base/text.h"
#include "server/observe/event_id.h"
#include "server/observe/event_ring.h"
#include "tests/support/catch.h"

namespace {

using namespace server::observe;

oidc::TimePoint at_minute(int minute, int second = 0) {
  return oidc::TimePoint(std::chrono::minutes(30'000'000 + minute) + std::chrono::seconds(second));
}

FailureEvent event(std::string id, std::string source, oidc::TimePoint at = at_minute(0)) {
  FailureEvent out;
  out.id = std::move(id);
  out.source = std::move(source);
  out.at = at;
  return out;
}

TEST_CASE("event ids", "[event]") {
  CHECK(make_event_id(std::string(10, '\0')) == "LK-0000-0000-0000-0000");
  CHECK(make_event_id(std::string(10, '\xff')) == "LK-ZZZZ-ZZZZ-ZZZZ-ZZZZ");
  const std::string bytes("\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf", 10);
  CHECK(make_event_id(bytes) == "LK-0123-4567-89AB-CDEF");
  CHECK_THROWS_AS(make_event_id("short"), std::invalid_argument);
}

TEST_CASE("event ids are read as people type them", "[event]") {
  const std::string id = "LK-0123-4567-89AB-CDEF";
  for (const auto* typed : {"LK-0123-4567-89AB-CDEF", "lk-0123-4567-89ab-cdef", "0123456789ABCDEF",
                            "LK0123456789abcdef", " O123 4567-89AB-CDEF ", "LK-oI23-4567-89AB-CDEF",
                            "LK-0l23-4567-89AB-CDEF"}) {
    INFO(typed);
    CHECK(parse_event_id(typed) == id);
  }
  for (const auto* bad :
       {"", "LK-", "LK-0123-4567-89AB-CDE", "LK-0123-4567-89AB-CDEFG", "LK-0123-4567-89AB-CDEU",
        "XX-0123-4567-89AB-CDEF", "0123\n4567 89ABCDEF"}) {
    INFO(bad);
    CHECK_FALSE(parse_event_id(bad).has_value());
  }
  CHECK_FALSE(parse_event_id(std::string(100, '-') + "0123456789ABCDEF").has_value());
  // Ids that begin with the letters of the prefix.
  CHECK(parse_event_id("LKLK000000000000AA") == "LK-1K00-0000-0000-00AA");
}

TEST_CASE("the ring gives events in order, in batches", "[event]") {
  EventRing ring;
  for (int i = 0; i < 5; ++i) CHECK(ring.push(event(std::to_string(i), "s")));
  CHECK(ring.size() == 5);
  const auto first = ring.take(2);
  REQUIRE(first.size() == 2);
  CHECK(first[0].id == "0");
  CHECK(first[1].id == "1");
  ring.give_back(first);
  const auto all = ring.take(100);
  REQUIRE(all.size() == 5);
  CHECK(all[0].id == "0");
  CHECK(all[4].id == "4");
  CHECK(ring.take(10).empty());
  CHECK(ring.dropped() == 0);
}

TEST_CASE("a full ring drops its oldest events and counts them", "[event]") {
  EventRing ring({.capacity = 3, .per_source_minute = 100, .max_sources = 10});
  for (int i = 0; i < 5; ++i) CHECK(ring.push(event(std::to_string(i), "s")));
  CHECK(ring.dropped() == 2);
  const auto kept = ring.take(10);
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].id == "2");
  // What comes back finds only the room that is left; the newest of it are kept.
  ring.push(event("5", "s"));
  ring.give_back(kept);
  CHECK(ring.dropped() == 3);
  const auto back = ring.take(10);
  REQUIRE(back.size() == 3);
  CHECK(back[0].id == "3");
  CHECK(back[2].id == "5");
}

TEST_CASE("each source has its share of a minute", "[event]") {
  EventRing ring({.capacity = 1000, .per_source_minute = 2, .max_sources = 10});
  CHECK(ring.push(event("1", "a")));
  CHECK(ring.push(event("2", "a")));
  CHECK_FALSE(ring.push(event("3", "a")));
  CHECK(ring.push(event("4", "b")));
  CHECK(ring.dropped() == 1);
  CHECK(ring.push(event("5", "a", at_minute(1))));
  // Out of order at the turn of the minute: no fresh share.
  CHECK(ring.push(event("6", "a", at_minute(0, 59))));
  CHECK_FALSE(ring.push(event("7", "a", at_minute(1, 1))));
  // A clock that was set back does not lock a source out.
  CHECK(ring.push(event("8", "a", at_minute(-60))));
}

TEST_CASE("more sources than can be counted share one count", "[event]") {
  EventRing ring({.capacity = 1000, .per_source_minute = 2, .max_sources = 3});
  int accepted = 0;
  for (int i = 0; i < 50; ++i) accepted += ring.push(event("x", "source" + std::to_string(i)));
  CHECK(accepted == 5);
  CHECK(ring.push(event("x", "source0")));
}

TEST_CASE("texts fit the database", "[event]") {
  EventRing ring;
  auto dirty = event("id", "s");
  dirty.received = std::string("a\0b\n", 4);
  dirty.expected = "\xff\xfe";
  dirty.client_id = "x";
  while (dirty.client_id.size() < 2000) dirty.client_id += "€";
  dirty.rule = "naïve";
  CHECK(ring.push(dirty));
  const auto out = ring.take(1);
  REQUIRE(out.size() == 1);
  CHECK(out[0].received == "a?b?");
  CHECK(out[0].expected == "??");
  CHECK(out[0].client_id.size() <= 512);
  CHECK(oidc::is_clean_utf8(out[0].client_id));
  CHECK(out[0].client_id.find('?') == std::string::npos);
  CHECK(out[0].rule == "naïve");
}

TEST_CASE("many producers and a consumer lose nothing uncounted", "[event]") {
  EventRing ring({.capacity = 64, .per_source_minute = 1'000'000, .max_sources = 100});
  std::size_t taken = 0;
  {
    std::vector<std::jthread> producers;
    for (int i = 0; i < 4; ++i) {
      producers.emplace_back([&ring, i] {
        for (int k = 0; k < 1000; ++k) ring.push(event("x", std::to_string(i)));
      });
    }
    for (int i = 0; i < 100; ++i) taken += ring.take(50).size();
  }
  taken += ring.take(1000).size();
  CHECK(taken + ring.dropped() == 4000);
}

}  // namespace

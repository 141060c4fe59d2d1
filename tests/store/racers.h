// Owns: many callers at the same time, over two nodes of one database.
#pragma once
#include "tests/store/store_fixture.h"

namespace store_test {

struct TwoNodes {
  explicit TwoNodes(const Database& database) : one(database.open()), two(database.open()) {}
  Store& of(int racer) { return racer % 2 == 0 ? *one : *two; }
  std::unique_ptr<Store> one, two;
};

// Runs `start(store, racer)` for all racers at the same time.
template <class T, class Start>
std::vector<T> race(TwoNodes& nodes, int racers, Start start) {
  std::vector<Task<StoreResult<T>>> tasks;
  for (int i = 0; i < racers; ++i) tasks.push_back(start(nodes.of(i), i));
  std::vector<T> out;
  for (auto& result : run_all(std::move(tasks))) {
    INFO((result ? std::string("ok") : result.error().detail));
    REQUIRE(result.has_value());
    out.push_back(*result);
  }
  return out;
}

inline constexpr int kRounds = 6;
inline const auto kRacers = {1, 2, 8, 64};

}  // namespace store_test

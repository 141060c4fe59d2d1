#include "tests/store/store_fixture.h"
using namespace store_test;
namespace {
Task<int> chain(Store& store, Issued issued, int rounds, std::vector<double>& times) {
  for (int i = 0; i < rounds; ++i) {
    auto next = refresh_for(store, issued.grant, issued.refresh.stored.row);
    const auto begin = std::chrono::steady_clock::now();
    auto r = co_await store.rotate_refresh({issued.refresh.stored.row, next, "sealedsealed"}, kActor, kNow);
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    if (!r || *r != RotateOutcome::rotated) co_return 1;
    issued.refresh = next;
  }
  co_return 0;
}
Task<int> reads(Store& store, Issued issued, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    auto r = co_await store.load_refresh(issued.refresh.stored, kNow);
    if (!r || !*r) co_return 1;
  }
  co_return 0;
}
}
TEST_CASE("bench", "[.bench]") {
  const Database database(GENERATE(Backend::sqlite, Backend::postgresql));
  const auto store = database.open(seconds(20), 8);
  const auto who = sign_in_sample(*store, "a");
  for (int width : {1, 64}) {
    std::vector<double> times;
    std::vector<Task<int>> tasks;
    const int rounds = width == 1 ? 2000 : 200;
    for (int i = 0; i < width; ++i) tasks.push_back(chain(*store, issue_refresh(*store, who), rounds, times));
    auto begin = std::chrono::steady_clock::now();
    for (int bad : run_all(std::move(tasks))) CHECK(bad == 0);
    double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    std::ranges::sort(times);
    printf("%s rotate width %d: %.0f/s p50 %.2f p99 %.2f ms\n", std::string(store->backend()).c_str(), width, width * rounds / s, times[times.size()/2], times[times.size()*99/100]);
    std::vector<Task<int>> r;
    for (int i = 0; i < width; ++i) r.push_back(reads(*store, issue_refresh(*store, who), rounds));
    begin = std::chrono::steady_clock::now();
    for (int bad : run_all(std::move(r))) CHECK(bad == 0);
    s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    printf("%s load_refresh width %d: %.0f/s\n", std::string(store->backend()).c_str(), width, width * rounds / s);
  }
}

#include "server/runtime/pool.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <stdexcept>

#include "tests/support/catch.h"

using namespace server::runtime;

namespace {

// Runs the coroutine that `make` returns to its end on a loop of this thread.
template <class Make>
void run_here(Make make) {
  boost::asio::io_context context;
  std::exception_ptr thrown;
  boost::asio::co_spawn(context, make(), [&](std::exception_ptr error) { thrown = error; });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
}

// Tells on which thread it is destroyed.
struct Witness {
  std::thread::id& place;
  explicit Witness(std::thread::id& where) : place(where) {}
  Witness(const Witness&) = delete;
  ~Witness() { place = std::this_thread::get_id(); }
};

}  // namespace

TEST_CASE("the pool works elsewhere and answers here") {
  Pool pool("test", 2, 8);
  const auto here = std::this_thread::get_id();
  int sum = 0;
  run_here([&]() -> Task<void> {
    for (int i = 0; i < 100; ++i) {
      const auto result = co_await pool.run(
          [here, i] { return std::make_pair(std::this_thread::get_id() != here, i); });
      CHECK(std::this_thread::get_id() == here);
      CHECK(result->first);
      sum += result->second;
    }
  });
  CHECK(sum == 4950);
}

TEST_CASE("what the work throws reaches the one who waits for it") {
  Pool pool("test", 1, 8);
  CHECK_THROWS_AS(run_here([&]() -> Task<void> {
                    const auto result =
                        co_await pool.run([]() -> int { throw std::runtime_error("inside"); });
                    CHECK(result.has_value());
                  }),
                  std::runtime_error);
  run_here([&]() -> Task<void> {
    const auto result = co_await pool.run([] { return 7; });
    CHECK(*result == 7);
  });
}

TEST_CASE("a full queue is told at once") {
  Pool pool("test", 1, 1);
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::promise<void> running;
  REQUIRE(pool.post([&running, opened] {
    running.set_value();
    opened.wait();
  }));
  running.get_future().wait();
  REQUIRE(pool.post([] {}));
  CHECK(pool.depth() == 1);
  run_here([&]() -> Task<void> {
    const auto result = co_await pool.run([] { return 1; });
    CHECK_FALSE(result.has_value());
  });
  gate.set_value();
}

TEST_CASE("a completion that nobody calls ends the coroutine on its own thread") {
  std::thread::id place;
  std::thread other;
  bool went_on = false;
  boost::asio::io_context context;
  boost::asio::co_spawn(
      context,
      [](std::thread::id& where, std::thread& dropper, bool& after) -> Task<void> {
        const Witness witness(where);
        co_await async_call<int>([&dropper](Completion<int> done) {
          dropper = std::thread([dropped = std::move(done)] {});
        });
        after = true;
      }(place, other, went_on),
      [](std::exception_ptr) {});
  context.run();
  other.join();
  CHECK(place == std::this_thread::get_id());
  CHECK_FALSE(went_on);
}

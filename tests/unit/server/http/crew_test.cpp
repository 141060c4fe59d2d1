#include "server/runtime/crew.h"

#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <stdexcept>

#include "tests/support/catch.h"

using namespace server::runtime;

namespace {

// Moves that often, and throws then: a job that cannot be taken over.
struct Brittle {
  int moves_left;
  explicit Brittle(int moves) : moves_left(moves) {}
  Brittle(Brittle&& other) : moves_left(other.moves_left - 1) {
    if (moves_left < 0) throw std::bad_alloc();
  }
  void operator()() const {}
};

bool is_empty(const Crew& crew) {
  for (int i = 0; i < 1'000 && crew.under_way() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return crew.under_way() == 0;
}

}  // namespace

TEST_CASE("a crew has so many places, and no more") {
  std::atomic<int> freed = 0;
  Crew crew("test", 1, 3, [](std::string_view) {}, [&] { ++freed; });
  std::promise<void> go;
  const auto wait = [gone = go.get_future().share()] { gone.wait(); };
  for (int i = 0; i < 3; ++i) CHECK(crew.post(wait));
  CHECK(crew.under_way() == 3);
  CHECK_FALSE(crew.post(wait));
  CHECK(crew.under_way() == 3);
  go.set_value();
  CHECK(is_empty(crew));
  CHECK(crew.post([] {}));
  CHECK(is_empty(crew));
  for (int i = 0; i < 1'000 && freed < 4; ++i) std::this_thread::yield();
  CHECK(freed >= 3);
}

TEST_CASE("a job that cannot be taken over, or throws, gives its place back") {
  std::mutex mutex;
  std::map<std::string, int, std::less<>> thrown;
  Crew crew("test", 2, 2, [&](std::string_view what) {
    const std::lock_guard lock(mutex);
    ++thrown[std::string(what)];
  });
  int refused = 0;
  for (int moves = 0; moves < 12; ++moves) {
    try {
      const bool taken = crew.post(Brittle(moves));
      CHECK(taken);
    } catch (const std::bad_alloc&) {
      ++refused;
    }
    CHECK(is_empty(crew));
  }
  CHECK(refused > 0);
  CHECK(refused < 12);
  CHECK(thrown.empty());
  for (int i = 0; i < 10; ++i) {
    CHECK(crew.post([] { throw std::runtime_error("of the job"); }));
    CHECK(crew.post([] { throw 7; }));
    CHECK(is_empty(crew));
  }
  // A word for each, whatever it was.
  CHECK(thrown["of the job"] == 10);
  CHECK(thrown["what was thrown is no std::exception"] == 10);
  CHECK(thrown.size() == 2);
}

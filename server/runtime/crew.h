// Owns: Crew, a pool for whoever fetches work from elsewhere (a queue in the database) and must
// know first how much there is room for. Work that is handed over goes to Pool.
#pragma once
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "server/runtime/pool.h"

namespace server::runtime {

class Crew {
 public:
  // Of `places` jobs `threads` run at a time, the others wait for a thread. `on_thrown` is told
  // what a job threw, on the job's thread; `on_free` is called when a place became free, from any
  // thread. Neither may throw.
  Crew(std::string name, std::size_t threads, std::size_t places,
       std::function<void(std::string_view what)> on_thrown, std::function<void()> on_free = {})
      : places_(places),
        on_thrown_(std::move(on_thrown)),
        on_free_(std::move(on_free)),
        pool_(std::move(name), threads, places) {}
  // Runs what is queued, then joins.
  ~Crew() = default;
  Crew(const Crew&) = delete;

  // Jobs that wait or run.
  std::size_t under_way() const { return under_way_.load(); }

  // False when no place is free. The job's place becomes free whatever happens to it: it ends or
  // throws, or what takes it over throws, which is thrown here. What a job throws ends that job
  // only.
  template <class Job>
  bool post(Job job) {
    Place place(*this);
    if (!place.is_taken()) return false;
    return pool_.post([this, place = std::move(place), job = std::move(job)]() mutable {
      try {
        job();
      } catch (const std::exception& error) {
        on_thrown_(error.what());
      } catch (...) {
        on_thrown_("what was thrown is no std::exception");
      }
    });
  }

 private:
  class Place {
   public:
    explicit Place(Crew& crew) {
      if (++crew.under_way_ <= crew.places_) {
        crew_ = &crew;
      } else {
        --crew.under_way_;
      }
    }
    Place(Place&& other) noexcept : crew_(std::exchange(other.crew_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (crew_ == nullptr) return;
      --crew_->under_way_;
      if (crew_->on_free_) crew_->on_free_();
    }
    bool is_taken() const { return crew_ != nullptr; }

   private:
    Crew* crew_ = nullptr;
  };

  const std::size_t places_;
  const std::function<void(std::string_view)> on_thrown_;
  const std::function<void()> on_free_;
  std::atomic<std::size_t> under_way_ = 0;
  Pool pool_;  // last: its jobs use what stands above
};

}  // namespace server::runtime

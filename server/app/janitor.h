// Owns: the server's housekeeping: failures go to the database in batches, expired rows go.
#pragma once
#include <chrono>

#include "server/app/periodic.h"
#include "server/observe/event_ring.h"
#include "server/store/store.h"

namespace server::app {

class Janitor {
 public:
  // `unverified_kept`: how long an unverified client stays unused.
  Janitor(store::Store& store, observe::EventRing& failures,
          std::chrono::milliseconds unverified_kept);
  ~Janitor();  // Writes what is left.

 private:
  void flush();
  void clean();

  store::Store& store_;
  observe::EventRing& failures_;
  const std::chrono::milliseconds unverified_kept_;
  int second_ = 0;
  std::unique_ptr<Periodic> thread_;
};

}  // namespace server::app

// Owns: keeping the key ring fresh: what was rotated, by this process or another, and what the time
// brings, within a second.
#pragma once
#include <functional>

#include "server/app/periodic.h"
#include "server/keys/key_ring.h"
#include "server/store/store.h"

namespace server::app {

class KeyWatch {
 public:
  // `on_change` is told after something changed, and once more a round later, for what was under
  // way with the old keys then. On the watch's own thread.
  KeyWatch(keys::KeyRing& keys, store::Store& store, std::function<void()> on_change);

 private:
  void look();

  keys::KeyRing& keys_;
  store::Store& store_;
  const std::function<void()> on_change_;
  bool was_good_ = true;
  bool had_changed_ = false;
  std::unique_ptr<Periodic> thread_;
};

}  // namespace server::app

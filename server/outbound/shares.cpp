#include "server/outbound/shares.h"

#include <algorithm>

namespace server::outbound {

bool Shares::has_room(Share share) const {
  if (in_all_[0] + in_all_[1] >= whole_) return false;
  return share == Share::own || in_all_[index(share)] < std::max<std::size_t>(whole_ / 2, 1);
}

bool Shares::has_room(Share share, const std::string& host) const {
  const auto held = by_host_.find({share, host});
  return held == by_host_.end() || held->second < std::max<std::size_t>(whole_ / 4, 1);
}

void Shares::remove(Share share, const std::string& host) {
  const auto held = by_host_.find({share, host});
  if (held != by_host_.end() && --held->second == 0) by_host_.erase(held);
}

}  // namespace server::outbound

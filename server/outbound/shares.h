// Owns: how many requests may wait or be on their way, counted per share and per host, so that
// neither what strangers make this server fetch nor one slow host leaves no room for the rest. Not
// thread-safe.
#pragma once
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "server/outbound/outbound.h"

namespace server::outbound {

class Shares {
 public:
  // `whole`: all together. What strangers cause gets half of it at most, and one host, in each
  // share by itself, a quarter; at least one.
  explicit Shares(std::size_t whole) : whole_(whole) {}

  // Of all hosts together.
  bool has_room(Share share) const;
  // For one more of this host; `host` is a name or a network, and may be in the count of both.
  bool has_room(Share share, const std::string& host) const;

  void add(Share share) { ++in_all_[index(share)]; }
  void add(Share share, const std::string& host) { ++by_host_[{share, host}]; }
  // Only what was added before.
  void remove(Share share) { --in_all_[index(share)]; }
  void remove(Share share, const std::string& host);

 private:
  static std::size_t index(Share share) { return share == Share::own ? 1 : 0; }

  std::size_t whole_;
  std::array<std::size_t, 2> in_all_{};
  std::map<std::pair<Share, std::string>, std::size_t> by_host_;
};

}  // namespace server::outbound

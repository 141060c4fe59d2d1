// Owns: how often strangers may make this server keep something for them, per source address and in
// all: registrations without a token, pushed requests of public clients, sign-ups. Counted in the
// database, so on every node together.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::provider {

struct SourceLimit {
  std::string_view what;        // names the counter, and is said in the refusal: "registrations"
  std::int64_t per_source = 0;  // an IPv6 /64 counts as one source
  std::int64_t in_all = 0;      // 0: no limit of all together
  std::chrono::milliseconds window{0};
};

// Counts one, in each of its buckets or in none.
runtime::Task<store::StoreResult<store::Reservation>> reserve_source(const Provider& provider,
                                                                     const http::Request& request,
                                                                     SourceLimit limit);

// The same, with the answer to who may not. Nothing: go on. Else the finished answer: 429 with
// Retry-After, or 503.
runtime::Task<std::optional<http::Response>> limit_source(const Provider& provider,
                                                          const http::Request& request,
                                                          std::string route, SourceLimit limit);

}  // namespace server::provider

// Owns: the logos of applications (OpenID Connect Registration §2, logo_uri): fetched once through
// server/outbound and served from here, so that no page of ours makes a browser ask elsewhere.
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "oidc/base/time.h"
#include "oidc/model/client.h"
#include "server/outbound/outbound.h"

namespace server::provider {

struct Logo {
  std::string media_type;  // as its first bytes say: png, jpeg, gif or webp
  std::string bytes;
};

// Bounded (200 logos of at most 256 KB), thread-safe. A logo is asked for again after a day, one
// that could not be had after five minutes.
class Logos {
 public:
  explicit Logos(outbound::Outbound& outbound) : outbound_(outbound) {}
  // Null when the client has none, or it can't be had or is no picture of a known kind.
  runtime::Task<std::shared_ptr<const Logo>> find(const oidc::model::Client& client,
                                                  oidc::TimePoint now);

 private:
  struct Held {
    std::string uri;
    std::shared_ptr<const Logo> logo;  // null: it could not be had
    oidc::TimePoint until{};
  };
  outbound::Outbound& outbound_;
  std::mutex mutex_;
  std::unordered_map<std::string, Held> held_;  // by client_id
};

}  // namespace server::provider

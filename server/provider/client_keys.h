// Owns: the public keys of a client: its registered jwks, or what its jwks_uri holds, fetched
// through server/outbound and kept for a bounded time; fetched again when a `kid` is not in it
// (OpenID Connect Core §10.1.1), but not more often than every two seconds for one client.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "oidc/base/result.h"
#include "oidc/jose/jwk.h"
#include "oidc/model/client.h"
#include "server/outbound/outbound.h"

namespace server::provider {

// Bounded (1,000 clients), thread-safe.
class ClientKeys {
 public:
  explicit ClientKeys(outbound::Outbound& outbound);
  // Drops the coroutines that wait for somebody else's fetch: their executors must still exist.
  ~ClientKeys();
  ClientKeys(const ClientKeys&) = delete;
  // The keys of `client`; `kid` is the one that is looked for, empty when the JWT names none. Empty
  // when the client registered none. Error: temporarily_unavailable when the document can't be had.
  runtime::Task<oidc::Result<std::vector<oidc::jose::Jwk>>> find(const oidc::model::Client& client,
                                                                 std::string kid,
                                                                 oidc::TimePoint now);
  // What is kept of this client, and what is still on its way: whoever waits for that gets the
  // error above.
  void forget(const std::string& client_id);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with what still fetches
};

}  // namespace server::provider

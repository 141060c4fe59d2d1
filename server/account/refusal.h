// Owns: what a person is told of attempts at their account that did not sign in. What is typed for
// an account that nobody has leaves a row of the same kind, so that neither time nor rows tell.
#pragma once
#include <string>
#include <string_view>

#include "server/runtime/task.h"
#include "server/store/store.h"

namespace server::account {

struct Refusal {
  std::string user_id;  // empty: nobody's account
  std::string typed;    // the address, in the spelling that attempts are counted by
  std::string client_address;
  std::string browser;  // as signin::browser_name() says; may be empty
};

// `method`: "pwd", "code" or "number"; "throttled" is written once a minute at most, and is to be
// asked for only where attempts that were counted brought it about. `throttle_key` hides what was
// typed.
runtime::Task<store::StoreResult<void>> note_refusal(store::Store& store,
                                                     std::string_view throttle_key,
                                                     const Refusal& refusal,
                                                     std::string_view method, oidc::TimePoint now);

}  // namespace server::account

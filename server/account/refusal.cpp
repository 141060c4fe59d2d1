#include "server/account/refusal.h"

#include "oidc/base/network.h"
#include "server/store/bucket_name.h"

namespace server::account {

runtime::Task<store::StoreResult<void>> note_refusal(store::Store& store,
                                                     std::string_view throttle_key,
                                                     const Refusal& refusal,
                                                     std::string_view method, oidc::TimePoint now) {
  const auto nobody = store::bucket_name(throttle_key, "nobody", refusal.typed);
  const bool decoy = refusal.user_id.empty();
  const bool held_back = method == "throttled";
  co_return co_await store.note_refused_sign_in(
      {.person = decoy ? nobody : refusal.user_id,
       .decoy = decoy,
       .method = std::string(method),
       .network = oidc::network_of(refusal.client_address),
       .address = refusal.client_address,
       .browser = refusal.browser,
       .spacing = std::chrono::minutes(held_back ? 1 : 0)},
      now);
}

}  // namespace server::account

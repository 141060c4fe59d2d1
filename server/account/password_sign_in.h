// Owns: one attempt to sign in by password: the throttle is reserved before Argon2 runs and given
// back on success; unknown, disabled and wrong look and cost the same (NIST SP 800-63B-4 §3.2.2),
// and leave what their person is told (refusal.h).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "oidc/base/secret.h"
#include "oidc/base/time.h"
#include "server/account/passwords.h"
#include "server/runtime/task.h"
#include "server/store/store.h"

namespace server::account {

struct ThrottleLimits {
  std::int64_t account = 10;
  std::int64_t account_daily = 100;  // from browsers that it does not know
  std::int64_t address = 50;
  std::int64_t site = 5000;
  std::chrono::milliseconds window{std::chrono::minutes(15)};
};

// A browser that signed in to this account before has a bucket of its own, so that an attacked
// person still gets in. The cookie is sealed: it can't be made by others.
struct DeviceCookie {
  std::string device_id;
  std::string user_id;
  oidc::TimePoint issued_at{};
};
std::string seal_device_cookie(std::string_view key, const DeviceCookie& cookie);
std::optional<DeviceCookie> open_device_cookie(std::string_view key, std::string_view text);
// Only when the browser signed in to that account, and since its password was last changed: whoever
// had the old one is a stranger again.
bool is_device_of(const std::optional<DeviceCookie>& device, const oidc::model::User& user);

struct PasswordAttempt {
  std::string email;  // as typed
  oidc::Password password;
  std::string client_address;
  std::optional<DeviceCookie> device;
  std::string browser;  // for the person's history; may be empty
};

struct Accepted {
  store::PasswordRecord record;
  std::string rehash;                  // replaces the stored hash when not empty
  std::vector<std::string> give_back;  // for store::SignIn
};
struct Refused {
  std::string rule;  // for the log: which of the reasons it was
};
struct Throttled {
  oidc::TimePoint retry_at{};
};
struct Busy {};
using AttemptOutcome = std::variant<Accepted, Refused, Throttled, Busy, store::StoreError>;

// `throttle_key` hides names and addresses in the bucket names.
runtime::Task<AttemptOutcome> attempt_password(store::Store& store, Passwords& passwords,
                                               std::string_view throttle_key, ThrottleLimits limits,
                                               PasswordAttempt attempt, oidc::TimePoint now);

}  // namespace server::account

#include "server/account/password_sign_in.h"

#include <algorithm>

#include "oidc/base/base64url.h"
#include "oidc/base/form.h"
#include "oidc/base/network.h"
#include "oidc/base/text.h"
#include "oidc/crypto/aead.h"
#include "oidc/model/user.h"
#include "server/account/refusal.h"
#include "server/store/bucket_name.h"

namespace server::account {
namespace {

constexpr std::chrono::hours kDay(24);
constexpr std::string_view kDevicePlace = "latchkey device cookie v1";

std::vector<std::string> names(const std::vector<store::Bucket>& buckets) {
  std::vector<std::string> out;
  out.reserve(buckets.size());
  for (const auto& bucket : buckets) out.push_back(bucket.name);
  return out;
}

struct Reserved {
  std::vector<store::Bucket> buckets;
  store::Reservation reservation;
};

// Reserves in the browser's own bucket first, when it has one that is not used up: neither who
// attacks the account, nor who attacks the whole site or shares the address, can keep its person
// out. Else in the account's bucket and those that all share.
runtime::Task<store::StoreResult<Reserved>> reserve(store::Store& store, ThrottleLimits limits,
                                                    std::vector<store::Bucket> shared,
                                                    std::optional<store::Bucket> device,
                                                    store::Bucket account, oidc::TimePoint now) {
  if (device) {
    std::vector<store::Bucket> buckets = {*device};
    auto reservation = co_await store.reserve_attempt(buckets, limits.window, now);
    if (!reservation) co_return std::unexpected(reservation.error());
    if (reservation->allowed) co_return Reserved{std::move(buckets), *reservation};
  }
  auto buckets = std::move(shared);
  buckets.push_back(std::move(account));
  auto reservation = co_await store.reserve_attempt(buckets, limits.window, now);
  if (!reservation) co_return std::unexpected(reservation.error());
  co_return Reserved{std::move(buckets), *reservation};
}

// The short window slows guessing, the long one bounds it (NIST SP 800-63B-4 §3.2.2: at most 100).
constexpr std::string_view kAccount = "account";
constexpr std::string_view kAccountDay = "account-day";

std::vector<store::Bucket> shared_buckets(std::string_view key, const ThrottleLimits& limits,
                                          const Refusal& attempt) {
  return {{store::bucket_name(key, kAccountDay, attempt.typed), limits.account_daily, kDay},
          {store::bucket_name(key, "address", oidc::network_of(attempt.client_address)),
           limits.address},
          {"site", limits.site}};
}

bool is_of_account(const std::string& bucket) {
  return bucket.starts_with(kAccount);
}

std::optional<store::Bucket> device_bucket(std::string_view key, const ThrottleLimits& limits,
                                           const std::optional<DeviceCookie>& device,
                                           const std::optional<store::PasswordRecord>& record) {
  if (!record || !is_device_of(device, record->user)) return std::nullopt;
  return store::Bucket{store::bucket_name(key, "device", device->device_id), limits.account};
}

// Which of the reasons an attempt is refused for; empty: none.
std::string_view rule_broken(const std::optional<store::PasswordRecord>& record, bool too_long,
                             bool matches) {
  if (too_long) return "password: longer than any password can be";
  if (!record) return "email: no such account";
  if (record->phc.empty()) return "password: this account has none";
  if (!matches) return "password: wrong";
  if (!record->user.is_active()) return "account: disabled";
  return "";
}

}  // namespace

bool is_device_of(const std::optional<DeviceCookie>& device, const oidc::model::User& user) {
  return device && device->user_id == user.id && device->issued_at >= user.credentials_changed_at;
}

std::string seal_device_cookie(std::string_view key, const DeviceCookie& cookie) {
  oidc::Form form;
  form.set("d", cookie.device_id);
  form.set("u", cookie.user_id);
  form.set("at", std::to_string(oidc::to_millis(cookie.issued_at)));
  return oidc::base64url_encode(oidc::crypto::seal(key, form.encode(), kDevicePlace));
}

std::optional<DeviceCookie> open_device_cookie(std::string_view key, std::string_view text) {
  if (text.size() > 512) return std::nullopt;
  const auto bytes = oidc::base64url_decode(text);
  if (!bytes) return std::nullopt;
  const auto plain = oidc::crypto::open(key, *bytes, kDevicePlace);
  if (!plain) return std::nullopt;
  const auto form = oidc::Form::parse(*plain);
  if (!form) return std::nullopt;
  const auto at = oidc::parse_unsigned(form->value_or("at", ""));
  if (!at) return std::nullopt;
  return DeviceCookie{form->value_or("d", ""), form->value_or("u", ""), oidc::from_millis(*at)};
}

runtime::Task<AttemptOutcome> attempt_password(store::Store& store, Passwords& passwords,
                                               std::string_view throttle_key, ThrottleLimits limits,
                                               PasswordAttempt attempt, oidc::TimePoint now) {
  // A flood is turned away before it costs the database anything.
  if (passwords.is_busy()) co_return Busy{};
  const auto fold = oidc::model::fold_email(attempt.email);
  std::optional<store::PasswordRecord> record;
  if (fold) {
    auto found = co_await store.find_password(*fold);
    if (!found) co_return found.error();
    record = std::move(*found);
  }
  // One counter for all spellings; what is no address at all has a counter too.
  const Refusal refusal{
      record ? record->user.id : std::string(),
      fold.value_or(oidc::to_lower_ascii(oidc::trim(attempt.email)).substr(0, 254)),
      attempt.client_address, attempt.browser};
  auto reserved = co_await reserve(
      store, limits, shared_buckets(throttle_key, limits, refusal),
      device_bucket(throttle_key, limits, attempt.device, record),
      {store::bucket_name(throttle_key, kAccount, refusal.typed), limits.account}, now);
  if (!reserved) co_return reserved.error();
  const auto& reservation = reserved->reservation;
  if (!reservation.allowed) {
    // Told to the person when it is their account that is attacked. A flood of such attempts from
    // one place, or at the whole site, is refused without writing anything.
    if (std::ranges::all_of(reservation.full, is_of_account)) {
      auto noted = co_await note_refusal(store, throttle_key, refusal, "throttled", now);
      if (!noted) co_return noted.error();
    }
    co_return Throttled{reservation.retry_at};
  }
  const bool too_long = Passwords::is_too_long(attempt.password.reveal());
  Passwords::Verdict verdict;
  if (!too_long) {
    auto verified =
        co_await passwords.verify(record ? record->phc : "", std::move(attempt.password));
    if (!verified) {
      auto returned = co_await store.give_back(names(reserved->buckets));
      if (!returned) co_return returned.error();
      co_return Busy{};
    }
    verdict = std::move(*verified);
  }
  const auto rule = rule_broken(record, too_long, verdict.matches);
  if (!rule.empty()) {
    auto noted = co_await note_refusal(store, throttle_key, refusal, "pwd", now);
    if (!noted) co_return noted.error();
    co_return Refused{std::string(rule)};
  }
  co_return Accepted{std::move(*record), std::move(verdict.rehash), names(reserved->buckets)};
}

}  // namespace server::account

#include "server/account/password_sign_in.h"

#include "oidc/base/base64url.h"
#include "oidc/base/form.h"
#include "oidc/base/network.h"
#include "oidc/base/text.h"
#include "oidc/crypto/aead.h"
#include "oidc/crypto/digest.h"
#include "oidc/model/user.h"

namespace server::account {
namespace {

constexpr std::chrono::hours kDay(24);
constexpr std::string_view kDevicePlace = "latchkey device cookie v1";

std::string bucket_name(std::string_view kind, std::string_view key, std::string_view value) {
  return std::string(kind) + ":" + oidc::base64url_encode(oidc::crypto::hmac_sha256(key, value));
}

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

}  // namespace

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
  const auto fold = oidc::model::fold_email(attempt.email);
  std::optional<store::PasswordRecord> record;
  if (fold) {
    auto found = co_await store.find_password(*fold);
    if (!found) co_return found.error();
    record = std::move(*found);
  }
  // One counter for all spellings; what is no address at all has a counter too.
  const std::string counted =
      fold.value_or(oidc::to_lower_ascii(oidc::trim(attempt.email)).substr(0, 254));
  // The short window slows guessing, the long one bounds it (NIST SP 800-63B-4 §3.2.2: at most
  // 100).
  std::vector<store::Bucket> shared = {
      {bucket_name("account-day", throttle_key, counted), limits.account_daily, kDay},
      {bucket_name("address", throttle_key, oidc::network_of(attempt.client_address)),
       limits.address},
      {"site", limits.site}};
  store::Bucket account{bucket_name("account", throttle_key, counted), limits.account};
  std::optional<store::Bucket> device;
  if (attempt.device && record && attempt.device->user_id == record->user.id &&
      attempt.device->issued_at >= record->user.credentials_changed_at) {
    device = {bucket_name("device", throttle_key, attempt.device->device_id), limits.account};
  }
  auto reserved = co_await reserve(store, limits, std::move(shared), std::move(device),
                                   std::move(account), now);
  if (!reserved) co_return reserved.error();
  if (!reserved->reservation.allowed) co_return Throttled{reserved->reservation.retry_at};
  if (Passwords::is_too_long(attempt.password.reveal())) {
    co_return Refused{"password: longer than any password can be"};
  }
  auto verdict = co_await passwords.verify(record ? record->phc : "", std::move(attempt.password));
  if (!verdict) {
    auto returned = co_await store.give_back(names(reserved->buckets));
    if (!returned) co_return returned.error();
    co_return Busy{};
  }
  if (!record) co_return Refused{"email: no such account"};
  if (record->phc.empty()) co_return Refused{"password: this account has none"};
  if (!verdict->matches) co_return Refused{"password: wrong"};
  if (!record->user.is_active()) co_return Refused{"account: disabled"};
  co_return Accepted{std::move(*record), std::move(verdict->rehash), names(reserved->buckets)};
}

}  // namespace server::account

#include "server/signin/device.h"

#include "oidc/base/base64url.h"
#include "oidc/crypto/random.h"
#include "server/signin/browser_name.h"
#include "server/signin/flow.h"

namespace server::signin {
namespace {

constexpr long kDeviceCookieSeconds = 365L * 24 * 3600;

}  // namespace

std::optional<account::DeviceCookie> read_device(const provider::Provider& provider,
                                                 const http::Request& request) {
  const auto cookie = request.cookie(provider.cookie_name(kDeviceCookie));
  if (!cookie) return std::nullopt;
  return account::open_device_cookie(provider.keys.purpose_key("device_cookie"), *cookie);
}

runtime::Task<account::AttemptOutcome> try_password(const provider::Provider& provider,
                                                    const http::Request& request, std::string email,
                                                    oidc::Password password) {
  const auto& config = provider.config;
  co_return co_await account::attempt_password(
      provider.store, provider.passwords, provider.keys.purpose_key("throttle"),
      {.account = config.throttle_account_attempts,
       .account_daily = config.throttle_account_daily_attempts,
       .address = config.throttle_address_attempts,
       .site = config.throttle_site_attempts,
       .window = config.throttle_window},
      {.email = std::move(email),
       .password = std::move(password),
       .client_address = request.client_address,
       .device = read_device(provider, request),
       .browser = browser_name(request.header("user-agent").value_or(""))},
      provider.now());
}

std::string set_device(const provider::Provider& provider, const http::Request& request,
                       const std::string& user_id) {
  const auto device = read_device(provider, request);
  const bool known = device && device->user_id == user_id;
  const account::DeviceCookie renewed{
      known ? device->device_id : oidc::base64url_encode(oidc::crypto::random_bytes(12)), user_id,
      provider.now()};
  return provider.cookie(
      kDeviceCookie,
      account::seal_device_cookie(provider.keys.purpose_key("device_cookie"), renewed),
      kDeviceCookieSeconds);
}

}  // namespace server::signin

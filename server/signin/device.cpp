#include "server/signin/device.h"

#include "oidc/base/base64url.h"
#include "oidc/crypto/random.h"
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

bool is_device_of(const std::optional<account::DeviceCookie>& device,
                  const oidc::model::User& user) {
  return device && device->user_id == user.id && device->issued_at >= user.credentials_changed_at;
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

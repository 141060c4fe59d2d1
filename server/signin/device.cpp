#include "server/signin/device.h"

#include "server/signin/flow.h"

namespace server::signin {

std::optional<account::DeviceCookie> read_device(const provider::Provider& provider,
                                                 const http::Request& request) {
  const auto cookie = request.cookie(provider.cookie_name(kDeviceCookie));
  if (!cookie) return std::nullopt;
  return account::open_device_cookie(provider.keys.purpose_key("device_cookie"), *cookie);
}

}  // namespace server::signin

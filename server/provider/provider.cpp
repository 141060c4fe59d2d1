#include "server/provider/provider.h"

namespace server::provider {

oidc::TimePoint Provider::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string Provider::cookie(std::string_view name, std::string value,
                             std::optional<long> max_age_s) const {
  return http::Cookie{cookie_name(name), std::move(value), is_https, max_age_s}.serialize();
}

}  // namespace server::provider

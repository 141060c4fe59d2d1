#include "server/provider/provider.h"

namespace server::provider {

oidc::TimePoint Provider::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

oidc::grant::Signer Provider::signer() const {
  return [&ring = keys](oidc::jose::Algorithm algorithm, std::string_view typ,
                        std::string_view payload) { return ring.sign(algorithm, typ, payload); };
}

std::string Provider::cookie(std::string_view name, std::string value,
                             std::optional<long> max_age_s) const {
  return http::Cookie{cookie_name(name), std::move(value), is_https, max_age_s}.serialize();
}

}  // namespace server::provider

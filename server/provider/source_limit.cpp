#include "server/provider/source_limit.h"

#include <algorithm>

#include "oidc/base/base64url.h"
#include "oidc/base/network.h"
#include "oidc/crypto/digest.h"
#include "oidc/response/body.h"
#include "server/provider/failure.h"

namespace server::provider {

runtime::Task<std::optional<http::Response>> limit_source(const Provider& provider,
                                                          const http::Request& request,
                                                          std::string route, SourceLimit limit) {
  const std::string what(limit.what);
  const auto source = oidc::crypto::hmac_sha256(
      provider.keys.purpose_key("throttle"), what + " " + oidc::network_of(request.client_address));
  std::vector<store::Bucket> buckets = {
      {what + ":" + oidc::base64url_encode(source), limit.per_source}};
  if (limit.in_all > 0) buckets.push_back({what + ":all", limit.in_all});
  const auto now = provider.now();
  auto reserved = co_await provider.store.reserve_attempt(std::move(buckets), limit.window, now);
  if (!reserved) {
    co_return json_failure(provider, request, route, to_oauth_error(reserved.error()));
  }
  if (reserved->allowed) co_return std::nullopt;
  const oidc::OAuthError error{oidc::OAuthErrorCode::temporarily_unavailable,
                               "There were too many " + what + " from here: wait.",
                               "throttle: too many " + what};
  const auto id = record_failure(provider, request, route, error, 429);
  auto response = http::Response::json(429, oidc::response::error_body(error, id));
  const auto wait = std::chrono::ceil<std::chrono::seconds>(reserved->retry_at - now).count();
  // Requests that raced this one may bear a later time than it does.
  const auto most = std::chrono::ceil<std::chrono::seconds>(limit.window).count();
  response.set("Retry-After", std::to_string(std::clamp<std::int64_t>(wait, 1, most)));
  co_return response;
}

}  // namespace server::provider

#include "server/provider/source_limit.h"

#include <algorithm>

#include "oidc/base/network.h"
#include "oidc/response/body.h"
#include "server/provider/failure.h"
#include "server/store/bucket_name.h"

namespace server::provider {

runtime::Task<store::StoreResult<store::Reservation>> reserve_source(const Provider& provider,
                                                                     const http::Request& request,
                                                                     SourceLimit limit) {
  std::vector<store::Bucket> buckets = {
      {store::bucket_name(provider.keys.purpose_key("throttle"), limit.what,
                          oidc::network_of(request.client_address)),
       limit.per_source}};
  if (limit.in_all > 0) buckets.push_back({std::string(limit.what) + ":all", limit.in_all});
  co_return co_await provider.store.reserve_attempt(std::move(buckets), limit.window,
                                                    provider.now());
}

runtime::Task<std::optional<http::Response>> limit_source(const Provider& provider,
                                                          const http::Request& request,
                                                          std::string route, SourceLimit limit) {
  const std::string what(limit.what);
  const auto now = provider.now();
  auto reserved = co_await reserve_source(provider, request, limit);
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

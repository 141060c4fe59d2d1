// resource (RFC 8707 §2): what the access token is to be used at. Several may be named; the form
// holds them as one value, separated by spaces.
#include <algorithm>

#include "oidc/base/text.h"
#include "oidc/request/authorization_steps.h"

namespace oidc::request {
namespace {
constexpr std::size_t kMostResources = 10;
}

Result<void> check_resource(const StepInput& input, AuthorizationRequest& request) {
  for (auto& resource : split_words(input.form.value_or("resource", ""))) {
    if (std::ranges::find(input.features.resources, resource) == input.features.resources.end()) {
      return fail(OAuthErrorCode::invalid_target,
                  "The resource is not one that this server issues access tokens for.",
                  "resource: received " + to_description(resource.substr(0, 200)));
    }
    if (std::ranges::find(request.resources, resource) != request.resources.end()) continue;
    if (request.resources.size() == kMostResources) {
      return fail(OAuthErrorCode::invalid_target, "The request names more than 10 resources.");
    }
    request.resources.push_back(std::move(resource));
  }
  return {};
}

}  // namespace oidc::request

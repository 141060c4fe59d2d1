// Owns: the order of the authentication context classes, what a request and its client demand of
// them, and which one the answer names. OpenID Connect Core §2 (acr), §3.1.2.1 (acr_values) and
// §5.5.1.1. Which class a way of signing in reaches is decided where people sign in.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/result.h"
#include "oidc/model/client.h"
#include "oidc/request/authorization_request.h"

namespace oidc::interaction {

// 0 for a class that is not ours; a link by mail is 1, a password 2. A higher one meets the demands
// of a lower one.
int acr_rank(std::string_view acr);
inline constexpr int kAcrRankLink = 1;
inline constexpr int kAcrRankPassword = 2;

struct AcrDemand {
  int required = 0;  // below it nothing is answered: the client's rule, or an essential acr
  int wished = 0;    // below it the person is asked once more, where a page may be shown
  std::vector<std::string> named;  // our classes that the request names, in its order
};
// Error: unmet_authentication_requirements when the client's own rule names a class that is not
// ours; nobody gets in by a rule that cannot be read.
Result<AcrDemand> acr_demand(const request::AuthorizationRequest& request,
                             const model::Client& client);

// What an answer says of a session that meets the demand: its class, or, if the request does not
// name that, the highest named class below it, so that the answer is one of those that were sent.
std::string answered_acr(const AcrDemand& demand, const std::string& session_acr);

}  // namespace oidc::interaction

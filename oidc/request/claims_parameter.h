// Owns: the `claims` parameter (OpenID Connect Core §5.5): single claims asked for in UserInfo or
// in the ID token.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/result.h"

namespace oidc::request {

struct RequestedClaim {
  std::string name;
  bool essential = false;
  std::vector<std::string> values;  // of "value" or "values", where they are texts
};

struct ClaimsParameter {
  std::vector<RequestedClaim> userinfo, id_token;  // claims this server knows, without repeats

  bool empty() const { return userinfo.empty() && id_token.empty(); }
};

// Claims that are not known are left out: "If … not understood … MUST be ignored" (§5.5). Error:
// invalid_request for what is not such an object, or is longer than 4 KB.
Result<ClaimsParameter> parse_claims_parameter(std::string_view text);
// Names alone, as kept with a grant; empty when there are none. parse_claims_parameter() reads it.
std::string claims_to_keep(const ClaimsParameter& claims);

// The subject that the request insists on (§5.5.1: "sub" with a value); empty: none.
std::string requested_subject(const ClaimsParameter& claims);

}  // namespace oidc::request

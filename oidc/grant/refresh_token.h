// Owns: the rules of the refresh_token grant (RFC 6749 §6, RFC 9700 §4.14.2): rotation, the grace
// window that gives the same successor again, and the end of a family on reuse.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/model/client.h"
#include "oidc/model/session.h"

namespace oidc::grant {

struct RefreshRequest {
  std::string refresh_token;
  std::string scope;                   // empty: as granted
  std::vector<std::string> resources;  // RFC 8707 §2.2: which of those granted; empty: all
};

Result<RefreshRequest> parse_refresh_request(const Form& form);

enum class RefreshVerdict {
  rotate,      // first use: replace it
  same_again,  // used a moment ago, its successor unused: give that successor again
  reuse,       // used, and too late: end the family
};
// A token of another client or one that has expired is invalid_grant and changes nothing.
Result<RefreshVerdict> check_refresh(const model::RefreshToken& token, bool successor_used,
                                     const model::Client& client, std::chrono::milliseconds grace,
                                     TimePoint now);

// The scope of the new tokens (RFC 6749 §6: no wider than the token's own). Error: invalid_scope.
Result<std::string> narrowed_scope(const model::RefreshToken& token, const RefreshRequest& request);

// The successor's text, sealed in the used row under a key that only the used token yields: the
// stored digest opens nothing.
std::string seal_successor(std::string_view used_token, std::string_view successor);
std::optional<std::string> open_successor(std::string_view used_token, std::string_view sealed);

}  // namespace oidc::grant

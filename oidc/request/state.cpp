// state (RFC 6749 §4.1.1): echoed exactly. Repeated parameters (§3.1): refused. nonce (OpenID
// Connect Core §3.1.2.1): copied to the ID token.
#include "oidc/base/text.h"
#include "oidc/request/authorization_steps.h"

namespace oidc::request {
namespace {
constexpr std::size_t kMaxState = 4096;
constexpr std::size_t kMaxNonce = 2048;
}  // namespace

Result<void> check_repeated(const StepInput& input, AuthorizationRequest&) {
  if (input.form.repeated().empty()) return {};
  return std::unexpected(repeated_parameter(input.form.repeated().front()));
}

Result<void> check_state(const StepInput& input, AuthorizationRequest& request) {
  // Which of two would be the right one nobody knows.
  if (input.form.is_repeated("state")) return std::unexpected(repeated_parameter("state"));
  auto state = input.form.value_or("state", "");
  if (state.size() > kMaxState) {
    return fail(OAuthErrorCode::invalid_request, "The parameter state is longer than 4096 bytes.");
  }
  request.state = std::move(state);
  return {};
}

Result<void> check_nonce(const StepInput& input, AuthorizationRequest& request) {
  auto nonce = input.form.value_or("nonce", "");
  if (nonce.size() > kMaxNonce) {
    return fail(OAuthErrorCode::invalid_request, "The parameter nonce is longer than 2048 bytes.");
  }
  // §3.2.2.1 and §3.3.2.11: required where the ID token travels through the browser.
  if (nonce.empty() && request.response_type.id_token) {
    return fail(OAuthErrorCode::invalid_request,
                "With this response_type the parameter nonce is required.");
  }
  request.nonce = std::move(nonce);
  return {};
}

}  // namespace oidc::request

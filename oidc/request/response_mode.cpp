// response_mode (OAuth 2.0 Multiple Response Type Encoding §2.1, OAuth 2.0 Form Post Response Mode
// §2).
#include "oidc/base/text.h"
#include "oidc/request/authorization_steps.h"

namespace oidc::request {

ResponseMode response_mode_for_errors(const Form& form) {
  if (form.value_or("response_mode", "") == "form_post") return ResponseMode::form_post;
  const auto type = form.value_or("response_type", "");
  const bool front_channel = contains_word(type, "id_token") || contains_word(type, "token");
  // Multiple Response Type Encoding §5: what may hold a token never goes into a query, errors too.
  if (front_channel || form.value_or("response_mode", "") == "fragment") {
    return ResponseMode::fragment;
  }
  return ResponseMode::query;
}

Result<void> check_response_mode(const StepInput& input, AuthorizationRequest& request) {
  const auto mode = input.form.get("response_mode");
  const bool front_channel = request.response_type.id_token || request.response_type.token;
  if (mode && *mode != "query" && *mode != "fragment" && *mode != "form_post") {
    return fail(OAuthErrorCode::invalid_request,
                "The response_mode must be query, fragment or form_post.");
  }
  if (front_channel && mode == "query") {
    return fail(OAuthErrorCode::invalid_request,
                "With this response_type the response_mode must not be query.");
  }
  request.response_mode = response_mode_for_errors(input.form);
  return {};
}

}  // namespace oidc::request

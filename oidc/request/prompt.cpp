// prompt and max_age (OpenID Connect Core §3.1.2.1).
#include "oidc/base/text.h"
#include "oidc/request/authorization_steps.h"

namespace oidc::request {

Result<void> check_prompt(const StepInput& input, AuthorizationRequest& request) {
  const auto words = split_words(input.form.value_or("prompt", ""));
  for (const auto& word : words) {
    if (word == "none") {
      request.prompt.none = true;
    } else if (word == "login") {
      request.prompt.login = true;
    } else if (word == "consent") {
      request.prompt.consent = true;
    } else if (word == "select_account") {
      request.prompt.select_account = true;
    } else {
      return fail(OAuthErrorCode::invalid_request,
                  "The parameter prompt may hold none, login, consent and select_account.");
    }
  }
  if (request.prompt.none && words.size() > 1) {
    return fail(OAuthErrorCode::invalid_request,
                "The parameter prompt holds none together with another value.");
  }
  return {};
}

Result<void> check_max_age(const StepInput& input, AuthorizationRequest& request) {
  const auto text = input.form.get("max_age");
  if (!text) {
    request.max_age_s = input.client.default_max_age_s;
    return {};
  }
  const auto seconds = parse_unsigned(*text);
  if (!seconds || *seconds > 3'153'600'000) {
    return fail(OAuthErrorCode::invalid_request,
                "The parameter max_age must be a number of seconds.");
  }
  request.max_age_s = seconds;
  return {};
}

}  // namespace oidc::request

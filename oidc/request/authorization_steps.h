// Owns: the shape of one authorization check. The table itself, in order, is in
// authorization_steps.cpp; each rule stands in the file named after its parameter.
#pragma once
#include <optional>
#include <string_view>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/model/client.h"
#include "oidc/request/authorization_request.h"

namespace oidc::request {

struct StepInput {
  const Form& form;
  const model::Client& client;
  const metadata::Features& features;
};

// Reads its parameter into `request`, or says what is wrong.
using Step = Result<void> (*)(const StepInput& input, AuthorizationRequest& request);

Result<void> check_repeated(const StepInput&, AuthorizationRequest&);
Result<void> check_state(const StepInput&, AuthorizationRequest&);
Result<void> check_registration(const StepInput&, AuthorizationRequest&);
Result<void> check_response_type(const StepInput&, AuthorizationRequest&);
Result<void> check_response_mode(const StepInput&, AuthorizationRequest&);
Result<void> check_scope(const StepInput&, AuthorizationRequest&);
Result<void> check_nonce(const StepInput&, AuthorizationRequest&);
Result<void> check_pkce(const StepInput&, AuthorizationRequest&);
Result<void> check_prompt(const StepInput&, AuthorizationRequest&);
Result<void> check_max_age(const StepInput&, AuthorizationRequest&);
Result<void> check_claims(const StepInput&, AuthorizationRequest&);
Result<void> check_resource(const StepInput&, AuthorizationRequest&);
Result<void> check_hints(const StepInput&, AuthorizationRequest&);

}  // namespace oidc::request

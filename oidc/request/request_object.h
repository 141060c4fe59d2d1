// Owns: authorization parameters as a JWT (OpenID Connect Core §6, RFC 9101): verifying one, and
// putting its parameters over those of the request. Fetching a request_uri is not done here.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/jose/jwk.h"
#include "oidc/metadata/features.h"
#include "oidc/model/client.h"

namespace oidc::request {

struct RequestObjectInput {
  std::string_view text;  // the JWT
  const model::Client& client;
  const std::vector<jose::Jwk>& keys;  // of the client; empty for an unsigned object
  std::string_view issuer;
  const metadata::Features& features;
  TimePoint now{};
};

// The parameters of `form` with those of the request object over them and `request`, `request_uri`
// taken out. Errors: invalid_request_object (not a JWT, wrong signature or algorithm, expired,
// iss/aud/client_id/response_type that contradict, `request` inside).
Result<Form> merge_request_object(const Form& form, const RequestObjectInput& input);

// The header's `kid`, empty when there is none: to know which key to fetch. Nothing when no key
// will be needed, because the text is unsigned or no JWT.
std::optional<std::string> request_object_kid(std::string_view text);

}  // namespace oidc::request

// response_type (RFC 6749 §3.1.1, OAuth 2.0 Multiple Response Type Encoding §3 and §5).
#include "oidc/base/text.h"
#include "oidc/request/authorization_steps.h"

namespace oidc::request {
namespace {

// Nothing when a word is unknown or stands twice.
std::optional<ResponseType> parse_response_type(std::string_view text) {
  ResponseType type;
  const auto words = split_words(text);
  if (join_words(words) != text) return std::nullopt;  // single spaces only (RFC 6749 §3.1.1)
  for (const auto& word : words) {
    bool* member = word == "code"       ? &type.code
                   : word == "id_token" ? &type.id_token
                   : word == "token"    ? &type.token
                                        : nullptr;
    if (!member || *member) return std::nullopt;
    *member = true;
  }
  // "token" alone is OAuth's implicit grant without a person's identity: there is no use for it.
  if (!type.code && !type.id_token) return std::nullopt;
  return type;
}

}  // namespace

Result<void> check_response_type(const StepInput& input, AuthorizationRequest& request) {
  const auto text = input.form.get("response_type");
  if (!text) {
    return fail(OAuthErrorCode::invalid_request, "The parameter response_type is missing.");
  }
  const auto type = parse_response_type(*text);
  const bool front_channel = type && (type->id_token || type->token);
  if (!type || (front_channel && !input.features.allow_implicit)) {
    // RFC 9700 §2.1.2: clients should not use the implicit grant or other types that issue access
    // tokens in the authorization response.
    return fail(OAuthErrorCode::unsupported_response_type,
                input.features.allow_implicit
                    ? "This server supports the words code, id_token and token in response_type."
                    : "This server supports response_type code only.");
  }
  if (!input.client.has_response_type(*text) ||
      (type->code && !input.client.has_grant_type("authorization_code")) ||
      (front_channel && !input.client.has_grant_type("implicit"))) {
    return fail(OAuthErrorCode::unauthorized_client,
                "This application is not registered for this response_type.");
  }
  request.response_type = *type;
  return {};
}

}  // namespace oidc::request

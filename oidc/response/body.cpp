#include "oidc/response/body.h"

#include <nlohmann/json.hpp>

#include "oidc/base/text.h"

namespace oidc::response {

using json = nlohmann::ordered_json;

std::string token_body(const grant::IssuedTokens& tokens, std::string_view refresh_token,
                       TimePoint now) {
  json body = {
      {"access_token", tokens.access_token},
      {"token_type", "Bearer"},
      {"expires_in",
       std::chrono::duration_cast<std::chrono::seconds>(tokens.expires_at - now).count()},
      {"scope", tokens.scope},
  };
  if (!tokens.id_token.empty()) body["id_token"] = tokens.id_token;
  if (!refresh_token.empty()) body["refresh_token"] = refresh_token;
  return body.dump();
}

std::string public_description(const OAuthError& error, std::string_view event_id) {
  std::string text = to_description(error.description);
  if (!event_id.empty()) text += " (" + std::string(event_id) + ")";
  return text;
}

std::string error_body(const OAuthError& error, std::string_view event_id) {
  return json{{"error", to_string(error.code)},
              {"error_description", public_description(error, event_id)}}
      .dump();
}

std::string inactive_body() {
  return R"({"active":false})";
}

std::string active_body(const token::AccessToken& token, std::string_view issuer,
                        std::string_view username) {
  json body = {
      {"active", true},
      {"scope", token.scope},
      {"client_id", token.client_id},
      {"token_type", "Bearer"},
      {"exp", to_seconds(token.expires_at)},
      {"iat", to_seconds(token.issued_at)},
      {"sub", token.subject},
      {"aud", token.audience.size() == 1 ? json(token.audience.front()) : json(token.audience)},
      {"iss", issuer},
      {"jti", token.jti}};
  if (!username.empty()) body["username"] = username;
  return body.dump();
}

std::string active_refresh_body(const model::RefreshToken& token, const model::Grant& grant,
                                std::string_view issuer, std::string_view username) {
  json body = {{"active", true},
               {"scope", token.scope},
               {"client_id", token.client_id},
               {"exp", to_seconds(token.expires_at)},
               {"iat", to_seconds(token.created_at)},
               {"sub", grant.subject},
               {"iss", issuer}};
  if (!username.empty()) body["username"] = username;
  return body.dump();
}

}  // namespace oidc::response

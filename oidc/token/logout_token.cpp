#include "oidc/token/logout_token.h"

#include <nlohmann/json.hpp>

namespace oidc::token {
namespace {

using json = nlohmann::json;

constexpr std::chrono::minutes kLifetime{2};
constexpr const char* kEvent = "http://schemas.openid.net/event/backchannel-logout";

}  // namespace

std::string logout_token_claims(const LogoutTokenInput& input) {
  json claims = {{"iss", input.issuer},
                 {"aud", input.client_id},
                 {"iat", to_seconds(input.now)},
                 {"exp", to_seconds(input.now + kLifetime)},
                 {"jti", input.jti},
                 {"events", {{kEvent, json::object()}}}};
  if (!input.subject.empty()) claims["sub"] = input.subject;
  if (!input.sid.empty()) claims["sid"] = input.sid;
  return claims.dump();
}

}  // namespace oidc::token

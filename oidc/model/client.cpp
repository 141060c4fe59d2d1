#include "oidc/model/client.h"

#include <algorithm>

#include "oidc/base/text.h"

namespace oidc::model {

std::string_view to_string(ClientAuthMethod method) {
  switch (method) {
    case ClientAuthMethod::none:
      return "none";
    case ClientAuthMethod::client_secret_basic:
      return "client_secret_basic";
    case ClientAuthMethod::client_secret_post:
      return "client_secret_post";
    case ClientAuthMethod::client_secret_jwt:
      return "client_secret_jwt";
    case ClientAuthMethod::private_key_jwt:
      return "private_key_jwt";
  }
  return "none";
}

std::optional<ClientAuthMethod> parse_client_auth_method(std::string_view name) {
  for (const auto method :
       {ClientAuthMethod::none, ClientAuthMethod::client_secret_basic,
        ClientAuthMethod::client_secret_post, ClientAuthMethod::client_secret_jwt,
        ClientAuthMethod::private_key_jwt}) {
    if (to_string(method) == name) return method;
  }
  return std::nullopt;
}

bool Client::has_grant_type(std::string_view type) const {
  return std::ranges::find(grant_types, type) != grant_types.end();
}

bool Client::has_response_type(std::string_view type) const {
  const auto sorted = [](std::string_view text) {
    auto words = split_words(text);
    std::ranges::sort(words);
    return words;
  };
  const auto wanted = sorted(type);
  return std::ranges::any_of(
      response_types, [&](const std::string& registered) { return sorted(registered) == wanted; });
}

}  // namespace oidc::model

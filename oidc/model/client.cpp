#include "oidc/model/client.h"

#include <algorithm>

namespace oidc::model {

std::string_view to_string(ClientAuthMethod method) {
  switch (method) {
    case ClientAuthMethod::none:
      return "none";
    case ClientAuthMethod::client_secret_basic:
      return "client_secret_basic";
    case ClientAuthMethod::client_secret_post:
      return "client_secret_post";
  }
  return "none";
}

std::optional<ClientAuthMethod> parse_client_auth_method(std::string_view name) {
  for (const auto method : {ClientAuthMethod::none, ClientAuthMethod::client_secret_basic,
                            ClientAuthMethod::client_secret_post}) {
    if (to_string(method) == name) return method;
  }
  return std::nullopt;
}

bool Client::has_grant_type(std::string_view type) const {
  return std::ranges::find(grant_types, type) != grant_types.end();
}

}  // namespace oidc::model

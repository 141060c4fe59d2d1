// Owns: what the operator switched on or off, as the protocol's rules need to know it.
#pragma once
#include <string>
#include <vector>

namespace oidc::metadata {

enum class Registration { closed, token, open };

struct Features {
  Registration registration = Registration::token;
  bool allow_implicit = false;  // response types with id_token or token in them
  bool allow_unsigned = false;  // the algorithm "none"
  bool session_management = true;
  std::vector<std::string> resources;  // RFC 8707: what may be asked for besides the issuer
};

}  // namespace oidc::metadata

// Owns: client metadata as JSON (RFC 7591 §2, OpenID Connect Registration §2): the rule of each
// field, reading and writing. The same rules serve the command line, the API and the database.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/model/client.h"

namespace oidc::metadata {

// Reads the fields of RFC 7591 into a client without id and secret. Unknown fields are ignored
// (RFC 7591 §2); fields of ours (first_party, pkce) are not read here. Errors:
// invalid_client_metadata or invalid_redirect_uri, naming the field and what is wrong with it.
Result<model::Client> parse_client_metadata(const nlohmann::json& metadata);
// The inverse, without secrets.
nlohmann::json to_json(const model::Client& client);

// The rule for one redirect URI (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1): https, private-use
// schemes with a dot, or http on loopback literals and exact localhost; no fragment, userinfo,
// wildcard or dot segment. Error: invalid_redirect_uri.
Result<void> check_redirect_uri(std::string_view uri);

}  // namespace oidc::metadata

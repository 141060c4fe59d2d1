// Owns: client metadata as JSON (RFC 7591 §2, OpenID Connect Registration §2): the rule of each
// field, reading and writing. The same rules serve the command line, the API and the database.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/metadata/features.h"
#include "oidc/model/client.h"

namespace oidc::metadata {

// Reads the fields of RFC 7591 into a client without id and secret. Unknown fields are ignored
// (RFC 7591 §2); fields of ours (first_party, pkce) are not read here. Errors:
// invalid_client_metadata or invalid_redirect_uri, naming the field and what is wrong with it.
//
// `features` decides which response types and algorithms may be asked for. Pairwise clients get
// their sector_identifier here when it follows from the redirect URIs; with a
// sector_identifier_uri the caller fetches the document and calls check_sector_document().
Result<model::Client> parse_client_metadata(const nlohmann::json& metadata,
                                            const Features& features);
// The inverse, without secrets.
nlohmann::json to_json(const model::Client& client);
// Reads what to_json() wrote, today or years ago: types are checked, today's rules are not. Leaves
// client_id, redirect_uris, secrets and our own columns alone. False: damaged.
bool read_stored_metadata(std::string_view text, model::Client& client);

// OpenID Connect Registration §5: the document is a JSON array that holds every redirect URI.
// Error: invalid_client_metadata.
Result<void> check_sector_document(std::string_view text, const model::Client& client);

// The rule for one redirect URI (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1): https, private-use
// schemes with a dot, or http on loopback literals and exact localhost; no fragment, userinfo,
// wildcard or dot segment. Error: invalid_redirect_uri.
Result<void> check_redirect_uri(std::string_view uri);

}  // namespace oidc::metadata

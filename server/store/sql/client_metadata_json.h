// Owns: the JSON text of clients.metadata (RFC 7591 §2, OpenID Connect Registration §2).
#pragma once
#include <string>
#include <string_view>

#include "oidc/model/client.h"

namespace server::store::sql {

std::string to_metadata_json(const oidc::model::Client& client);
// Fills the members of `client` that `text` holds. False when `text` is damaged.
bool read_metadata_json(std::string_view text, oidc::model::Client& client);

}  // namespace server::store::sql

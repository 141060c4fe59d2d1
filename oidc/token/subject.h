// Owns: the `sub` that a client sees (OpenID Connect Core §8): the person's id, or a pairwise
// identifier that two sectors cannot match.
#pragma once
#include <string>
#include <string_view>

#include "oidc/model/client.h"

namespace oidc::token {

// `pairwise_key`: 32 secret bytes, the same on every node and for ever. The same for all clients of
// one sector (§8.1).
std::string subject_for(const model::Client& client, std::string_view user_id,
                        std::string_view pairwise_key);

}  // namespace oidc::token

// Owns: short values that pages of a signed-in person carry: the seal of a form, which proves that
// we made it for this very session (so no other site can send it), and notices after a redirect.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/provider/provider.h"

namespace server::signin {

// `purpose` and `owner` (a session, or a person) are part of the seal: what was made for one form
// or session does not fit another.
std::string seal_own(const provider::Provider& provider, std::string_view purpose,
                     std::string_view owner, std::string_view value = {});
// Nothing when it is not ours, for another purpose or owner, or older than interaction_lifetime.
std::optional<std::string> open_own(const provider::Provider& provider, std::string_view purpose,
                                    std::string_view owner, std::string_view sealed);

// A page of the person's own with a notice (a key of texts) for them: "/account/security?n=…".
std::string own_page_with_notice(const provider::Provider& provider, std::string path,
                                 std::string_view user_id, std::string_view key);
std::string open_notice(const provider::Provider& provider, std::string_view user_id,
                        std::string_view sealed);

}  // namespace server::signin

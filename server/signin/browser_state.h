// Owns: the state that OpenID Connect Session Management 1.0 §3.2 lets applications watch: a random
// value in a cookie that scripts can read. It is no secret and decides nothing; it changes at each
// sign-in and sign-out.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {

inline constexpr std::string_view kStateCookie = "latchkey_state";

// The browser's state; a new one, with its cookie added to `set_cookies`, when it has none. Empty
// where the operator switched session management off.
std::string browser_state(const provider::Provider& provider, const http::Request& request,
                          std::vector<std::string>& set_cookies);
// A new state: somebody signed in or out. Empty as above.
std::string renew_browser_state(const provider::Provider& provider,
                                std::vector<std::string>& set_cookies);

// §2: what an application hands to /check_session later; empty for an empty state, or for a
// redirect URI without an origin.
std::string session_state(std::string_view state, std::string_view client_id,
                          std::string_view redirect_uri);

}  // namespace server::signin

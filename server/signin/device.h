// Owns: the cookie of a browser that signed in to an account before (account/password_sign_in.h
// seals it). It opens nothing: its browser has counts of attempts of its own, and its person is not
// told of a new one.
#pragma once
#include <optional>

#include "server/account/password_sign_in.h"
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {

std::optional<account::DeviceCookie> read_device(const provider::Provider& provider,
                                                 const http::Request& request);
// Only when the browser signed in to that account, and since its password was last changed: whoever
// had the old one is a stranger again.
bool is_device_of(const std::optional<account::DeviceCookie>& device,
                  const oidc::model::User& user);
// Set-Cookie for a browser that is that person's from now on. One that was before keeps its name.
std::string set_device(const provider::Provider& provider, const http::Request& request,
                       const std::string& user_id);

}  // namespace server::signin

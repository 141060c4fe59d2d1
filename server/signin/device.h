// Owns: the cookie of a browser that signed in to an account before (account/password_sign_in.h
// seals it). It opens nothing: its browser has counts of attempts of its own, and its person is not
// told of a new one. And the attempts themselves, which tell it apart.
#pragma once
#include <optional>

#include "server/account/password_sign_in.h"
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {

std::optional<account::DeviceCookie> read_device(const provider::Provider& provider,
                                                 const http::Request& request);
// One attempt at a password from this browser, under the throttle of the settings.
runtime::Task<account::AttemptOutcome> try_password(const provider::Provider& provider,
                                                    const http::Request& request, std::string email,
                                                    oidc::Password password);
// Set-Cookie for a browser that is that person's from now on. One that was before keeps its name.
std::string set_device(const provider::Provider& provider, const http::Request& request,
                       const std::string& user_id);

}  // namespace server::signin

// Owns: reading the cookie of a browser that signed in to an account before
// (account/password_sign_in.h seals it). It opens nothing; it only has a count of attempts of its
// own.
#pragma once
#include <optional>

#include "server/account/password_sign_in.h"
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::signin {

std::optional<account::DeviceCookie> read_device(const provider::Provider& provider,
                                                 const http::Request& request);

}  // namespace server::signin

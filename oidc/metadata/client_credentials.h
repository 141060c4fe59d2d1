// Owns: what the server gives a client when it registers: its id and its secret, and the form in
// which the secret is kept (RFC 7591 §3.2.1). The same for the command line and /register.
#pragma once
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "oidc/base/secret.h"
#include "oidc/model/client.h"

namespace oidc::metadata {

// Makes a secret unreadable in a way that the server itself can undo. Error: one sentence.
using SealClientSecret = std::function<std::expected<std::string, std::string>(
    std::string_view client_id, const ClientSecret& secret)>;

// 128 random bits, base64url; never starts with '-', so that it can stand on a command line.
std::string make_client_id();

// Whether the registered method works with a secret that the server gave.
bool needs_client_secret(model::ClientAuthMethod method);

// A fresh secret, kept in `client` as its method needs it: sealed for client_secret_jwt, else as a
// digest. Empty, and nothing kept, for methods without one. Error: that of `seal`, or that there
// is none.
std::expected<ClientSecret, std::string> issue_client_secret(model::Client& client,
                                                             const SealClientSecret& seal);

// Takes over what is kept of `old`'s secret when it still fits the method of `client`. False:
// nothing was taken over, and the client needs a fresh one if its method works with a secret.
bool keep_client_secret(model::Client& client, const model::Client& old);

}  // namespace oidc::metadata

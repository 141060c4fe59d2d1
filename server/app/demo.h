// Owns: the demo application of `latchkey dev`: a stock client by the book (authorization code with
// PKCE, state, nonce), which keeps nothing on the server but sealed cookies. It talks to the same
// handlers that every other client reaches.
#pragma once
#include "server/http/router.h"
#include "server/provider/provider.h"

namespace server::app {

// "demo" and the issuer's port: its addresses hold the port, and a client never comes back once it
// is removed.
std::string demo_client_id(const provider::Provider& provider);
// Registers the demo client of this issuer if it is not there.
void register_demo_client(const provider::Provider& provider);
// Adds /demo, /demo/sign-in, /demo/callback, /demo/refresh and /demo/sign-out. `seeded` is shown to
// whoever is not signed in.
void add_demo_routes(http::Router& router, const provider::Provider& provider,
                     const page::SeededPerson& seeded);

}  // namespace server::app

// Owns: authenticating the client of a form POST at /token, /introspect, /revoke and /par, by
// secret or by an assertion that is used once.
#pragma once
#include <expected>
#include <memory>
#include <string>

#include "oidc/base/form.h"
#include "server/http/message.h"
#include "server/provider/provider.h"

namespace server::endpoint {

struct ClientRequest {
  oidc::Form form;
  std::shared_ptr<const oidc::model::Client> client;
};
// The error branch is the finished answer.
runtime::Task<std::expected<ClientRequest, http::Response>> authenticate_client(
    const provider::Provider& provider, const http::Request& request, std::string route);

}  // namespace server::endpoint

// Owns: where the parameters of an authorization request come from: the request itself, a request
// object by value or by a registered request_uri (OpenID Connect Core §6, RFC 9101), or a pushed
// request (RFC 9126). What the parameters say is not judged here.
#pragma once
#include <optional>
#include <string_view>

#include "oidc/base/form.h"
#include "oidc/base/result.h"
#include "oidc/crypto/opaque_credential.h"
#include "oidc/model/client.h"
#include "server/provider/provider.h"

namespace server::provider {

// RFC 9126 §2.2: what a pushed request's request_uri starts with; a credential of the kind
// pushed_request follows.
inline constexpr std::string_view kPushedRequestPrefix = "urn:ietf:params:oauth:request_uri:";

struct ResolvedRequest {
  oidc::Form form;  // without request and request_uri
  // The pushed request, to be used up when the answer is issued.
  std::optional<oidc::crypto::OpaqueCredential> pushed;
  bool from_object = false;
};

// Errors: invalid_request (both at once, or the client is bound to PAR or request objects and used
// none), invalid_request_uri (not registered, not to be had; not pushed by this client, expired or
// used), invalid_request_object, temporarily_unavailable. An URL that is not registered is never
// fetched.
runtime::Task<oidc::Result<ResolvedRequest>> resolve_request(const Provider& provider,
                                                             const oidc::Form& form,
                                                             const oidc::model::Client& client);

// The `request` parameter of `form` alone, as at /par: merged, or `form` as it is when there is
// none. Errors as above.
runtime::Task<oidc::Result<oidc::Form>> resolve_request_object(const Provider& provider,
                                                               const oidc::Form& form,
                                                               const oidc::model::Client& client);

}  // namespace server::provider

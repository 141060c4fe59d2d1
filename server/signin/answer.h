// Owns: the answer to an authorization request: what is issued (a code, tokens, or both), what is
// said when it fails, and how either reaches the application. OpenID Connect Core §3.1.2.5,
// §3.2.2.5 and §3.3.2.5.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "oidc/model/session.h"
#include "oidc/request/authorization_request.h"
#include "oidc/response/authorization_response.h"
#include "server/http/message.h"
#include "server/provider/provider.h"
#include "server/signin/flow.h"

namespace server::signin {

// A flow whose client and parameters are sound as of now.
struct LoadedFlow {
  std::shared_ptr<const oidc::model::Client> client;
  oidc::request::AuthorizationRequest request;
};

struct Issue {
  const LoadedFlow& loaded;
  const Flow& flow;
  const oidc::model::SessionWithUser& account;
  const oidc::model::Browser& browser;
  bool remember_consent = false;
  std::string session_state;
};
struct SessionEnded {};  // in the meantime: the person must sign in
using IssueOutcome = std::variant<oidc::response::AuthorizationResponse, SessionEnded,
                                  oidc::OAuthError, store::StoreError>;
// Signs first, then commits in one transaction: a signer that fails burns nothing.
runtime::Task<IssueOutcome> issue_answer(const provider::Provider& provider, std::string address,
                                         const Issue& issue, oidc::TimePoint now);

// Sends the browser to the application: by redirect, or by a form that sends itself. `form` are the
// parameters of the request.
runtime::Task<http::Response> deliver(const provider::Provider& provider,
                                      const http::Request& request, const oidc::Form& form,
                                      oidc::response::AuthorizationResponse answer,
                                      const oidc::model::Client& client,
                                      const oidc::request::ValidatedRedirectUri& redirect_uri);

// The error, on its way to the application; or a page, when the address can't be trusted, or the
// application is in quarantine and no person pressed a button of ours in this very request.
runtime::Task<http::Response> authorization_failure(const provider::Provider& provider,
                                                    const http::Request& request, std::string route,
                                                    const oidc::Form& form,
                                                    oidc::request::AuthorizationFailure failure,
                                                    const oidc::model::Client& client);

}  // namespace server::signin

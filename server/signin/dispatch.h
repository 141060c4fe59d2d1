// Owns: the one dispatcher of the browser steps. /authorize, /login and /consent never call each
// other: each returns here, and oidc::interaction::next_step decides. OpenID Connect Core §3.1.2.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "oidc/interaction/next_step.h"
#include "oidc/request/authorization_request.h"
#include "server/http/message.h"
#include "server/provider/provider.h"
#include "server/signin/answer.h"
#include "server/signin/flow.h"

namespace server::signin {

// Checks the flow's parameters against the client as it is now. A flow that has just come in has
// its request object or pushed request put in their place first. The error branch is the finished
// answer: a page of ours, or what goes to the application.
runtime::Task<std::expected<LoadedFlow, http::Response>> load_flow(
    const provider::Provider& provider, const http::Request& request, Flow& flow,
    std::string route);

// The browser behind the session cookie; nothing when nobody is signed in.
runtime::Task<store::StoreResult<std::optional<oidc::model::Browser>>> load_browser(
    const provider::Provider& provider, const http::Request& request);

struct DispatchInput {
  Flow flow;
  std::string route;
  bool consent_given = false;
  // Set when the browser changed in this very request (sign-in): used instead of the cookie's.
  std::optional<oidc::model::Browser> browser;
  std::vector<std::string> set_cookies;
};
// The redirect to the next page, or to the application with a code or an error.
runtime::Task<http::Response> dispatch(const provider::Provider& provider,
                                       const http::Request& request, DispatchInput input);

// What the pages of a step need to know of a flow, with an application or with a page of ours as
// its end.
struct StepContext {
  std::optional<LoadedFlow> loaded;  // absent for a page of ours
  page::Look look;
  page::ApplicationView application;
  std::string form_action;  // extra scheme for CSP form-action; may be empty
  std::string login_hint;
  bool password = true;  // which ways of signing in are offered: by the client's rule, and only
  bool link = false;     // what is good enough for this request

  const oidc::model::Client* client() const { return loaded ? loaded->client.get() : nullptr; }
  std::string client_id() const { return loaded ? loaded->client->client_id : std::string(); }
};
// The error branch is the finished answer, as with load_flow().
runtime::Task<std::expected<StepContext, http::Response>> load_step(
    const provider::Provider& provider, const http::Request& request, Flow& flow,
    std::string route);

// What pages say about the application.
page::ApplicationView application_view(const LoadedFlow& loaded);

}  // namespace server::signin

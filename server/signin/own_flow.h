// Owns: what the pages of signing in, signing up and a new password share: a flow of their own
// where no application sent the person, the notices that a flow carries, and showing a page again.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/result.h"
#include "oidc/model/user.h"
#include "server/http/message.h"
#include "server/page/people_views.h"
#include "server/provider/provider.h"
#include "server/signin/flow.h"

namespace server::signin {

// A flow without an application, which ends at /account.
Flow make_own_flow(const provider::Provider& provider, std::string own_page = "/account");

// The flow of `t` in the query; without `t` one of our own. The error branch is the finished
// answer.
runtime::Task<std::expected<Flow, http::Response>> resume_or_begin(
    const provider::Provider& provider, const http::Request& request, std::string_view route);

// Takes from a flow what an earlier step left in it: its notice and its challenge.
void forget_step(Flow& flow);

// What the flow has to tell at its next page.
page::FormNotice form_notice(const Flow& flow);

// The redirect to a page of ours with this flow in its address, newly bound to this browser.
http::Response to_page(const provider::Provider& provider, const http::Request& request,
                       std::string_view path, Flow flow);

// Binds the flow of a page that is shown to this browser; gives what sets its cookie, or nothing.
std::string bind_here(const provider::Provider& provider, const http::Request& request, Flow& flow);

// A flow as a page that begins or begins anew carries it: what an earlier step left in it is gone,
// and it is bound to this browser.
struct BeginningHere {
  std::string t;           // for the form and for links
  std::string set_cookie;  // empty when the browser has its binding
};
BeginningHere begin_here(const provider::Provider& provider, const http::Request& request,
                         Flow flow);

// The sign-in page instead of the step: with nothing left of it but this notice.
http::Response to_login(const provider::Provider& provider, const http::Request& request, Flow flow,
                        page::SignInNotice notice = page::SignInNotice::none);

// What was typed as an address, ready to be shown again.
std::string typed_email(const oidc::Form& fields);

// What the rules have against a new password, told as pages tell it; an empty key: nothing.
page::FormNotice refuse_weak(const provider::Provider& provider, const oidc::Password& password,
                             const std::vector<std::string>& personal);

// The whole seconds until then, 1 at least: as in Retry-After.
std::int64_t seconds_until(const provider::Provider& provider, oidc::TimePoint at);

// A form that is held back because there was too much before it, told as pages tell it. `error` is
// noted for the operator, with status 429.
page::FormNotice refuse_throttled(const provider::Provider& provider, const http::Request& request,
                                  std::string_view route, const oidc::OAuthError& error,
                                  oidc::TimePoint retry_at, std::string_view client_id = {});

// What others know of a person, which no password may be made of: addresses and names.
std::vector<std::string> personal_words(const oidc::model::User& user);

}  // namespace server::signin

// Owns: what the pages beside the sign-in page (sign-up, new password) share: a flow of their own
// where no application sent the person, the notices that a flow carries, and showing a page again.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

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

// What others know of a person, which no password may be made of: addresses and names.
std::vector<std::string> personal_words(const oidc::model::User& user);

}  // namespace server::signin

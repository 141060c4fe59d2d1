// Owns: taking up a flow at a page: opening `t`, starting anew what is too old, and the answers for
// an address that is no request of ours.
#pragma once
#include <expected>
#include <string>

#include "server/http/message.h"
#include "server/signin/flow.h"

namespace server::signin {

// Of a GET: from the query. The error branch is the finished answer.
runtime::Task<std::expected<Flow, http::Response>> resume_page(const provider::Provider& provider,
                                                               const http::Request& request,
                                                               std::string_view route);

struct SubmittedForm {
  Flow flow;
  oidc::Form fields;
  bool own = false;  // false: change nothing, show the step again
};
// Of a POST: from the body. A forged seal is answered with 403.
runtime::Task<std::expected<SubmittedForm, http::Response>> resume_form(
    const provider::Provider& provider, const http::Request& request, Purpose purpose,
    std::string_view route);

}  // namespace server::signin

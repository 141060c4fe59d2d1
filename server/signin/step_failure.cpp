#include "server/signin/step_failure.h"

#include "server/provider/failure.h"
#include "server/provider/look.h"

namespace server::signin {
namespace {

// Only what was sound is ever sealed: the looks of nobody can be borrowed by an address.
std::optional<Flow> sealed_flow(const provider::Provider& provider, const http::Request& request) {
  for (const auto& text : {request.query, request.body}) {
    const auto form = oidc::Form::parse(text, oidc::Repeats::note);
    if (!form || !form->has("t")) continue;
    const auto opened = open_flow(provider, Purpose::authorize, form->value_or("t", ""));
    if (opened) return opened->flow;
  }
  return std::nullopt;
}

}  // namespace

page::Look failure_look(const provider::Provider& provider, const http::Request& request,
                        const Flow* flow) {
  const auto sealed = flow ? std::nullopt : sealed_flow(provider, request);
  if (sealed) flow = &*sealed;
  if (!flow || !flow->resolved) return provider::last_look(provider, request);
  return provider::last_look(provider, request, flow->form.value_or("ui_locales", ""),
                             flow->form.value_or("client_id", ""));
}

http::Response store_failure(const provider::Provider& provider, const http::Request& request,
                             std::string_view route, const store::StoreError& error,
                             const Flow* flow) {
  page::ErrorView view;
  view.look = failure_look(provider, request, flow);
  return page_failure(provider, request, route, provider::to_oauth_error(error), view);
}

}  // namespace server::signin

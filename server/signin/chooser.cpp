#include "server/signin/chooser.h"

#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "server/page/people_pages.h"
#include "server/signin/dispatch.h"
#include "server/signin/own_flow.h"
#include "server/signin/resume.h"
#include "server/signin/step_failure.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using provider::Provider;

constexpr std::string_view kRoute = "/choose";

std::string name_of(const oidc::model::User& user) {
  const auto claims = oidc::parse_json_object(user.claims.empty() ? "{}" : user.claims);
  return claims ? oidc::string_member(*claims, "name").value_or("") : "";
}

// The sign-in page for somebody who is not signed in here yet.
Response to_another(const Provider& provider, const Request& request, Flow flow) {
  flow.session_id.reset();
  flow.email.clear();
  flow.form.erase("login_hint");
  return to_page(provider, request, "/login", std::move(flow));
}

}  // namespace

runtime::Task<Response> get_choose(const Provider& provider, Request request) {
  auto flow = co_await resume_page(provider, request, kRoute);
  if (!flow) co_return std::move(flow.error());
  auto step = co_await load_step(provider, request, *flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  auto browser = co_await load_browser(provider, request);
  if (!browser) co_return store_failure(provider, request, kRoute, browser.error());
  if (!*browser || (*browser)->sessions.empty()) {
    co_return to_another(provider, request, std::move(*flow));
  }
  const auto cookie = bind_here(provider, request, *flow);
  page::ChooseView view{.look = step->look,
                        .t = seal_flow(provider, Purpose::authorize, *flow),
                        .application = step->application,
                        .accounts = {},
                        .form_action = step->form_action};
  for (const auto& candidate : (*browser)->sessions) {
    view.accounts.push_back({.value = candidate.session.sid,
                             .name = name_of(candidate.user),
                             .email = candidate.user.primary_email()});
  }
  auto response = page::choose_account(provider.pages, view);
  if (!cookie.empty()) response.add("Set-Cookie", cookie);
  co_return response;
}

runtime::Task<Response> post_choose(const Provider& provider, Request request) {
  auto submitted = co_await resume_form(provider, request, Purpose::authorize, kRoute);
  if (!submitted) co_return std::move(submitted.error());
  auto& flow = submitted->flow;
  if (!submitted->own) co_return to_page(provider, request, kRoute, std::move(flow));
  const auto chosen = submitted->fields.value_or("account", "");
  if (chosen == "other") co_return to_another(provider, request, std::move(flow));
  auto browser = co_await load_browser(provider, request);
  if (!browser) co_return store_failure(provider, request, kRoute, browser.error());
  const oidc::model::SessionWithUser* account = nullptr;
  if (*browser) {
    for (const auto& candidate : (*browser)->sessions) {
      if (candidate.session.sid == chosen) account = &candidate;
    }
  }
  // Signed out in the meantime: the page shows who is left.
  if (!account) co_return to_page(provider, request, kRoute, std::move(flow));
  if (!flow.own_page.empty()) {
    co_return Response::redirect(flow.own_page + "?as=" + oidc::percent_encode(chosen));
  }
  flow.session_id = account->session.id;
  co_return co_await dispatch(provider, request,
                              {.flow = std::move(flow), .route = std::string(kRoute)});
}

}  // namespace server::signin

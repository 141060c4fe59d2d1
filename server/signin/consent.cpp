#include "server/signin/consent.h"

#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/token/claims.h"
#include "server/provider/failure.h"
#include "server/provider/look.h"
#include "server/signin/dispatch.h"
#include "server/signin/own_flow.h"
#include "server/signin/resume.h"
#include "server/signin/step_failure.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using provider::Provider;

constexpr std::string_view kRoute = "/consent";

const oidc::model::SessionWithUser* find_session(const std::optional<oidc::model::Browser>& browser,
                                                 std::optional<std::int64_t> id) {
  if (!browser || !id) return nullptr;
  for (const auto& candidate : browser->sessions) {
    if (candidate.session.id == *id) return &candidate;
  }
  return nullptr;
}

std::string account_name(const oidc::model::User& user) {
  const auto claims = oidc::parse_json_object(user.claims.empty() ? "{}" : user.claims);
  return claims ? oidc::string_member(*claims, "name").value_or("") : "";
}

// The key of its text; what has none is told in English.
std::string title_of(const oidc::token::SharedItem& item) {
  // The scope "profile" stands for more than the claim of that name.
  const std::string claim = item.claim == "profile" ? "profile_page" : item.claim;
  const std::string key = "item_" + (item.scope.empty() ? claim : item.scope);
  return page::has_text(key) ? key : item.title;
}

page::ConsentView consent_view(const Provider& provider, page::Look look, const LoadedFlow& loaded,
                               const Flow& flow, const oidc::model::User& user, bool confirm_only) {
  page::ConsentView view;
  view.look = std::move(look);
  view.t = seal_flow(provider, Purpose::authorize, flow);
  view.application = application_view(loaded);
  provider::use_own_logo(view.application, view.look);
  view.account_name = account_name(user);
  view.account_email = user.primary_email();
  for (auto& item :
       oidc::token::shared_items(user, loaded.request.scope(), loaded.request.claims)) {
    view.items.push_back({.title = title_of(item),
                          .detail = std::move(item.value),
                          .nothing_yet = item.nothing_stored});
  }
  view.offline_access = loaded.request.has_scope("offline_access");
  view.confirm_only = confirm_only;
  view.form_action = loaded.request.redirect_uri.scheme();
  return view;
}

// Leads to the sign-in page, keeping what the application asked for.
Flow with_another_account(const Provider& provider, Flow flow) {
  const auto prompt = flow.form.value_or("prompt", "");
  if (!oidc::contains_word(prompt, "select_account")) {
    flow.form.set("prompt", prompt.empty() ? "select_account" : prompt + " select_account");
  }
  flow.form.erase("login_hint");
  flow.form.erase("id_token_hint");
  flow.session_id.reset();
  flow.started_at = provider.now();
  return flow;
}

}  // namespace

runtime::Task<Response> get_consent(const Provider& provider, Request request) {
  auto flow = co_await resume_page(provider, request, kRoute);
  if (!flow) co_return std::move(flow.error());
  auto loaded = co_await load_flow(provider, request, *flow, std::string(kRoute));
  if (!loaded) co_return std::move(loaded.error());
  auto browser = co_await load_browser(provider, request);
  if (!browser) {
    co_return store_failure(provider, request, kRoute, browser.error());
  }
  const auto* account = find_session(*browser, flow->session_id);
  if (!account) {
    // Signed out in the meantime, or opened in another browser: decided anew, and as of now. Who
    // signed in elsewhere since the address was made has not signed in for this request.
    flow->session_id.reset();
    flow->started_at = provider.now();
    co_return co_await dispatch(provider, request,
                                {.flow = std::move(*flow), .route = std::string(kRoute)});
  }
  auto remembered =
      co_await provider.store.find_consent(account->user.id, loaded->client->client_id);
  if (!remembered) {
    co_return store_failure(provider, request, kRoute, remembered.error());
  }
  const bool confirm_only =
      !oidc::interaction::needs_consent(loaded->request, *loaded->client, *remembered);
  const auto cookie = bind_here(provider, request, *flow);
  auto look = co_await provider::find_look(provider, request, loaded->request.ui_locales,
                                           loaded->client.get());
  auto response = provider.pages.consent(
      consent_view(provider, std::move(look), *loaded, *flow, account->user, confirm_only));
  if (!cookie.empty()) response.add("Set-Cookie", cookie);
  co_return response;
}

runtime::Task<Response> post_consent(const Provider& provider, Request request) {
  auto submitted = co_await resume_form(provider, request, Purpose::authorize, kRoute);
  if (!submitted) co_return std::move(submitted.error());
  auto& flow = submitted->flow;
  const auto decision = submitted->fields.value_or("decision", "");
  DispatchInput input{.flow = std::move(flow), .route = std::string(kRoute)};
  if (!submitted->own || (decision != "allow" && decision != "deny" && decision != "switch")) {
    // Nothing is approved: the dispatcher leads back to the step, newly bound.
    co_return co_await dispatch(provider, request, std::move(input));
  }
  if (decision == "switch") {
    input.flow = with_another_account(provider, std::move(input.flow));
    // Who is the only one here and wants another account has nothing to choose from.
    const auto browser = co_await load_browser(provider, request);
    if (browser && *browser && (*browser)->sessions.size() == 1) {
      co_return to_page(provider, request, "/login", std::move(input.flow));
    }
    co_return co_await dispatch(provider, request, std::move(input));
  }
  if (decision == "deny") {
    auto loaded = co_await load_flow(provider, request, input.flow, input.route);
    if (!loaded) co_return std::move(loaded.error());
    co_return co_await authorization_failure(
        provider, request, std::string(kRoute), input.flow.form,
        oidc::request::RedirectError{
            loaded->request.redirect_uri,
            loaded->request.state,
            loaded->request.response_mode,
            {oidc::OAuthErrorCode::access_denied, "The person declined.", "consent: declined"}},
        *loaded->client);
  }
  input.consent_given = input.flow.session_id.has_value();
  co_return co_await dispatch(provider, request, std::move(input));
}

}  // namespace server::signin

#include "server/signin/dispatch.h"

#include "oidc/base/text.h"
#include "oidc/token/claims.h"
#include "oidc/token/subject.h"
#include "server/provider/failure.h"
#include "server/provider/look.h"
#include "server/provider/request_uri.h"
#include "server/signin/browser_state.h"
#include "server/signin/step_failure.h"
#include "server/signin/ways_in.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::OAuthError;
using oidc::OAuthErrorCode;
using oidc::request::AuthorizationFailure;
using oidc::request::PageError;
using oidc::request::RedirectError;
using provider::Provider;
using ClientPointer = std::shared_ptr<const oidc::model::Client>;

Response with_cookies(Response response, const std::vector<std::string>& cookies) {
  for (const auto& cookie : cookies) response.add("Set-Cookie", cookie);
  return response;
}

// The subject that the request insists on: that of its id_token_hint (OpenID Connect Core
// §3.1.2.1), or of its claims parameter (§5.5.1). Nothing when it names nobody.
oidc::Result<std::optional<std::string>> insisted_subject(const Provider& provider,
                                                          const LoadedFlow& loaded) {
  const auto& text = loaded.request.id_token_hint;
  if (!text.empty()) {
    auto hint =
        oidc::token::verify_id_token_hint(text, *provider.keys.hint_keys(), provider.issuer);
    if (!hint) return std::unexpected(hint.error());
    return hint->subject;
  }
  auto subject = oidc::request::requested_subject(loaded.request.claims);
  if (subject.empty()) return std::nullopt;
  return subject;
}

// The person of that subject among those signed in here; an empty id when it is none of them.
std::string find_subject(const Provider& provider, const oidc::model::Client& client,
                         const std::optional<oidc::model::Browser>& browser,
                         std::string_view subject) {
  if (!browser) return "";
  for (const auto& candidate : browser->sessions) {
    const auto known =
        oidc::token::subject_for(client, candidate.user.id, provider.keys.purpose_key("pairwise"));
    if (known == subject) return candidate.user.id;
  }
  return "";
}

runtime::Task<Response> page_redirect(const Provider& provider, const Request& request,
                                      std::string path, const LoadedFlow& loaded,
                                      DispatchInput input) {
  const auto sealed = seal_flow(provider, Purpose::authorize, input.flow);
  // Once it has started, what the steps add fits beside it.
  if (sealed.size() > (input.route == "/authorize" ? kMaxSealedRequest : kMaxSealed)) {
    co_return co_await authorization_failure(
        provider, request, input.route, input.flow.form,
        RedirectError{loaded.request.redirect_uri, loaded.request.state,
                      loaded.request.response_mode,
                      OAuthError{OAuthErrorCode::invalid_request,
                                 "The request is too large: its parameters must fit in 4 KB."}},
        *loaded.client);
  }
  co_return with_cookies(Response::redirect(path + "?t=" + sealed), input.set_cookies);
}

// The error branch is the finished answer.
runtime::Task<std::expected<ClientPointer, Response>> find_client(const Provider& provider,
                                                                  const Request& request,
                                                                  const Flow& flow,
                                                                  std::string_view route) {
  const auto& form = flow.form;
  const auto client_id = form.value_or("client_id", "");
  if (!client_id.empty() && !form.is_repeated("client_id")) {
    auto found = co_await provider.store.find_client(client_id, provider.now());
    if (!found) {
      co_return std::unexpected(store_failure(provider, request, route, found.error(), &flow));
    }
    if (*found) co_return std::move(*found);
  }
  page::ErrorView view;
  view.title = "error_unknown_application";
  view.remedy = "error_unknown_application_remedy";
  if (!client_id.empty()) view.facts = {{"client_id", client_id.substr(0, 100)}};
  OAuthError error{OAuthErrorCode::invalid_client,
                   client_id.empty() ? "The request names no application (client_id)."
                                     : "The client_id of the request is not registered.",
                   "client_id: unknown or missing"};
  co_return std::unexpected(page_failure(provider, request, route, error, view));
}

// A request object that can't be read is told to the application when the address beside it is one
// of its own (OpenID Connect Core §3.1.2.6), and on a page of ours otherwise.
AuthorizationFailure unresolved(const oidc::Form& form, const oidc::model::Client& client,
                                OAuthError error, oidc::TimePoint now) {
  auto redirect =
      oidc::request::validate_redirect_uri(client, form.value_or("redirect_uri", ""), now);
  if (!redirect || form.is_repeated("redirect_uri")) return PageError{std::move(error)};
  return RedirectError{std::move(*redirect), form.value_or("state", "").substr(0, 4096),
                       oidc::request::response_mode_for_errors(form), std::move(error)};
}

}  // namespace

page::ApplicationView application_view(const LoadedFlow& loaded) {
  const auto& client = *loaded.client;
  return {.name = client.display_name(),
          .host = loaded.request.redirect_uri.host(),
          .policy_uri = client.policy_uri,
          .tos_uri = client.tos_uri,
          .logo = client.logo_uri.empty() ? "" : "/logo/" + oidc::percent_encode(client.client_id),
          .unverified = client.quarantined};
}

runtime::Task<std::expected<LoadedFlow, Response>> load_flow(const Provider& provider,
                                                             const Request& request, Flow& flow,
                                                             std::string route) {
  auto client = co_await find_client(provider, request, flow, route);
  if (!client) co_return std::unexpected(std::move(client.error()));
  const auto now = provider.now();
  if (!flow.resolved && flow.form.repeated().empty()) {
    auto resolved = co_await provider::resolve_request(provider, flow.form, **client);
    if (!resolved) {
      co_return std::unexpected(co_await authorization_failure(
          provider, request, route, flow.form,
          unresolved(flow.form, **client, resolved.error(), now), **client));
    }
    flow.restartable = !resolved->from_object && !resolved->pushed;
    flow.pushed = std::move(resolved->pushed);
    flow.form = std::move(resolved->form);
    flow.resolved = true;
  }
  auto parsed =
      oidc::request::parse_authorization_request(flow.form, **client, provider.features, now);
  if (!parsed) {
    co_return std::unexpected(co_await authorization_failure(provider, request, route, flow.form,
                                                             parsed.error(), **client));
  }
  co_return LoadedFlow{std::move(*client), std::move(*parsed)};
}

runtime::Task<std::expected<StepContext, Response>> load_step(const Provider& provider,
                                                              const Request& request, Flow& flow,
                                                              std::string route) {
  StepContext step;
  if (!flow.own_page.empty()) {
    step.look = co_await provider::find_look(provider, request);
    step.application.name = provider.config.service_name;
    const oidc::model::Client none;  // as one without rules of its own
    step.password = offers_password(provider, none);
    step.link = offers_magic_link(provider, none);
    co_return step;
  }
  auto loaded = co_await load_flow(provider, request, flow, std::move(route));
  if (!loaded) co_return std::unexpected(std::move(loaded.error()));
  step.look = co_await provider::find_look(provider, request, loaded->request.ui_locales,
                                           loaded->client.get());
  step.application = application_view(*loaded);
  provider::use_own_logo(step.application, step.look);
  step.form_action = loaded->request.redirect_uri.scheme();
  step.login_hint = loaded->request.login_hint.substr(0, 254);
  step.password = offers_password(provider, *loaded->client);
  step.link = offers_magic_link(provider, *loaded->client);
  // A class that is asked for rules out what stays below it. What is required is always offered.
  const auto demand = oidc::interaction::acr_demand(loaded->request, *loaded->client);
  if (demand && demand->required > oidc::interaction::kAcrRankLink) step.password = true;
  if (demand && step.password && demand->wished > oidc::interaction::kAcrRankLink)
    step.link = false;
  step.loaded = std::move(*loaded);
  co_return step;
}

runtime::Task<store::StoreResult<std::optional<oidc::model::Browser>>> load_browser(
    const Provider& provider, const Request& request) {
  const auto cookie = request.cookie(provider.cookie_name(kSessionCookie));
  if (!cookie) co_return std::nullopt;
  const auto credential =
      oidc::crypto::parse_credential(oidc::crypto::CredentialKind::browser, *cookie);
  if (!credential) co_return std::nullopt;
  co_return co_await provider.store.load_browser(*credential, provider.config.session_idle_lifetime,
                                                 provider.now());
}

namespace {

// To the page of ours that the flow is for, or to the sign-in page first.
runtime::Task<Response> dispatch_own(const Provider& provider, const Request& request,
                                     DispatchInput input) {
  std::optional<oidc::model::Browser> browser = std::move(input.browser);
  if (!browser) {
    auto found = co_await load_browser(provider, request);
    if (!found) {
      co_return with_cookies(store_failure(provider, request, input.route, found.error()),
                             input.set_cookies);
    }
    browser = std::move(*found);
  }
  const bool fresh = input.flow.form.value_or("prompt", "") == "login";
  bool enough = false;
  if (browser) {
    for (const auto& candidate : browser->sessions) {
      const bool chosen = !input.flow.session_id || candidate.session.id == *input.flow.session_id;
      enough |= chosen && (!fresh || candidate.session.auth_time >= input.flow.started_at);
    }
  }
  if (enough) {
    co_return with_cookies(Response::redirect(input.flow.own_page), input.set_cookies);
  }
  const auto binding = read_or_make_binding(provider, request);
  if (!binding.set_cookie.empty()) input.set_cookies.push_back(binding.set_cookie);
  input.flow.binding = binding.hash;
  input.flow.session_id.reset();
  if (fresh && browser && !browser->sessions.empty() &&
      input.flow.notice == page::SignInNotice::none) {
    input.flow.email = browser->sessions.front().user.primary_email();
  }
  co_return with_cookies(
      Response::redirect("/login?t=" + seal_flow(provider, Purpose::authorize, input.flow)),
      input.set_cookies);
}

runtime::Task<Response> refuse_to_client(const Provider& provider, const Request& request,
                                         const DispatchInput& input, const LoadedFlow& loaded,
                                         OAuthError error) {
  const RedirectError failure{loaded.request.redirect_uri, loaded.request.state,
                              loaded.request.response_mode, std::move(error)};
  co_return with_cookies(co_await authorization_failure(provider, request, input.route,
                                                        input.flow.form, failure, *loaded.client),
                         input.set_cookies);
}

}  // namespace

runtime::Task<Response> dispatch(const Provider& provider, const Request& request,
                                 DispatchInput input) {
  if (!input.flow.own_page.empty()) {
    co_return co_await dispatch_own(provider, request, std::move(input));
  }
  auto loaded = co_await load_flow(provider, request, input.flow, input.route);
  if (!loaded) co_return with_cookies(std::move(loaded.error()), input.set_cookies);
  const auto& client = *loaded->client;
  const auto fail_to_client = [&](OAuthError error) {
    return refuse_to_client(provider, request, input, *loaded, std::move(error));
  };
  const auto fail_on_page = [&](const store::StoreError& error) {
    return with_cookies(store_failure(provider, request, input.route, error, &input.flow),
                        input.set_cookies);
  };
  const auto subject = insisted_subject(provider, *loaded);
  if (!subject) co_return co_await fail_to_client(subject.error());
  std::optional<oidc::model::Browser> browser = std::move(input.browser);
  if (!browser) {
    auto found = co_await load_browser(provider, request);
    if (!found) co_return fail_on_page(found.error());
    browser = std::move(*found);
  }
  const auto now = provider.now();
  oidc::interaction::Situation situation{.request = loaded->request,
                                         .client = client,
                                         .browser = browser ? &*browser : nullptr,
                                         .started_at = input.flow.started_at,
                                         .now = now,
                                         .issuer_on_loopback = provider.issuer_on_loopback,
                                         .session_id = input.flow.session_id,
                                         .consent_given = input.consent_given,
                                         .reachable_acr = offers_password(provider, client)
                                                              ? oidc::interaction::kAcrRankPassword
                                                              : oidc::interaction::kAcrRankLink};
  if (*subject) situation.hinted_user = find_subject(provider, client, browser, **subject);
  if (const auto* account = pick_session(situation); account && !client.first_party) {
    auto consent = co_await provider.store.find_consent(account->user.id, client.client_id);
    if (!consent) co_return fail_on_page(consent.error());
    situation.remembered_scope = std::move(*consent);
  }
  auto next = next_step(situation);
  if (auto* error = std::get_if<OAuthError>(&next))
    co_return co_await fail_to_client(std::move(*error));
  if (const auto* issue = std::get_if<oidc::interaction::IssueStep>(&next)) {
    const auto state = browser_state(provider, request, input.set_cookies);
    const Issue job{.loaded = *loaded,
                    .flow = input.flow,
                    .account = *issue->account,
                    .browser = *browser,
                    .remember_consent = input.consent_given && !client.first_party,
                    .session_state = session_state(state, client.client_id,
                                                   loaded->request.redirect_uri.text())};
    auto outcome = co_await issue_answer(provider, request.client_address, job, now);
    if (const auto* answer = std::get_if<oidc::response::AuthorizationResponse>(&outcome)) {
      co_return with_cookies(co_await deliver(provider, request, input.flow.form, *answer, client,
                                              loaded->request.redirect_uri),
                             input.set_cookies);
    }
    if (const auto* fault = std::get_if<store::StoreError>(&outcome)) {
      co_return fail_on_page(*fault);
    }
    if (auto* error = std::get_if<OAuthError>(&outcome)) {
      co_return co_await fail_to_client(std::move(*error));
    }
    next = oidc::interaction::SignInStep{};  // the session ended a moment ago
    if (loaded->request.prompt.none) {
      co_return co_await fail_to_client(
          {OAuthErrorCode::login_required, "The session has just ended."});
    }
  }
  const auto binding = read_or_make_binding(provider, request);
  if (!binding.set_cookie.empty()) input.set_cookies.push_back(binding.set_cookie);
  input.flow.binding = binding.hash;
  if (const auto* consent = std::get_if<oidc::interaction::ConsentStep>(&next)) {
    // A consent shown for one account cannot be given as another.
    input.flow.session_id = consent->account->session.id;
    co_return co_await page_redirect(provider, request, "/consent", *loaded, std::move(input));
  }
  if (std::holds_alternative<oidc::interaction::ChooseStep>(next)) {
    co_return co_await page_redirect(provider, request, "/choose", *loaded, std::move(input));
  }
  input.flow.session_id.reset();
  if (std::get<oidc::interaction::SignInStep>(next).again &&
      input.flow.notice == page::SignInNotice::none) {
    input.flow.notice = page::SignInNotice::sign_in_again;
    // Whoever is to confirm need not type who they are.
    if (!loaded->request.prompt.select_account || situation.session_id) {
      input.flow.email = pick_session(situation)->user.primary_email();
    }
  }
  co_return co_await page_redirect(provider, request, "/login", *loaded, std::move(input));
}

}  // namespace server::signin

#include "server/signin/dispatch.h"

#include "oidc/base/text.h"
#include "oidc/response/authorization_response.h"
#include "oidc/token/claims.h"
#include "server/provider/failure.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::OAuthError;
using oidc::OAuthErrorCode;
using oidc::request::PageError;
using oidc::request::RedirectError;
using provider::Provider;

Response store_failure(const Provider& provider, const Request& request, std::string_view route,
                       const store::StoreError& error) {
  page::ErrorView view;
  view.title = "Please try again in a moment";
  return page_failure(provider, request, route, provider::to_oauth_error(error), view);
}

Response with_cookies(Response response, const std::vector<std::string>& cookies) {
  for (const auto& cookie : cookies) response.add("Set-Cookie", cookie);
  return response;
}

// An id_token_hint names a person (OpenID Connect Core §3.1.2.1).
oidc::Result<std::optional<std::string>> read_hint(const Provider& provider,
                                                   const LoadedFlow& loaded) {
  const auto& text = loaded.request.id_token_hint;
  if (text.empty()) return std::nullopt;
  auto hint =
      oidc::token::verify_id_token_hint(text, provider.keys.verification_keys(), provider.issuer);
  if (!hint) return std::unexpected(hint.error());
  return hint->subject;
}

struct Issue {
  const LoadedFlow& loaded;
  const oidc::model::SessionWithUser& account;
  const oidc::model::Browser& browser;
  bool remember_consent;
};

oidc::model::Grant make_grant(const Provider& provider, const Issue& issue, oidc::TimePoint now) {
  const auto& session = issue.account.session;
  return {.id = provider.store.next_row(),
          .user_id = issue.account.user.id,
          .client_id = issue.loaded.client->client_id,
          .session_id = session.id,
          .scope = issue.loaded.request.scope(),
          .offline_access = issue.loaded.request.has_scope("offline_access"),
          .auth_time = session.auth_time,
          .amr = session.amr,
          .acr = session.acr,
          .sid = session.sid,
          .created_at = now};
}

// Nothing: the session ended in the meantime, so the person must sign in.
runtime::Task<store::StoreResult<std::optional<std::string>>> issue_code(const Provider& provider,
                                                                         std::string address,
                                                                         const Issue& issue,
                                                                         oidc::TimePoint now) {
  const auto& request = issue.loaded.request;
  auto grant = make_grant(provider, issue, now);
  auto credential = oidc::crypto::make_credential(oidc::crypto::CredentialKind::authorization_code,
                                                  0, provider.store.next_row());
  oidc::model::AuthorizationCode code{.stored = credential.stored,
                                      .grant_id = grant.id,
                                      .client_id = grant.client_id,
                                      .redirect_uri = request.redirect_uri.text(),
                                      .code_challenge = request.code_challenge,
                                      .nonce = request.nonce,
                                      .expires_at = now + provider.lifetimes.authorization_code};
  store::Actor actor{"user:" + grant.user_id, std::move(address)};
  auto outcome = co_await provider.store.issue_code({.browser_id = issue.browser.id,
                                                     .grant = std::move(grant),
                                                     .code = std::move(code),
                                                     .remember_consent = issue.remember_consent},
                                                    std::move(actor), now);
  if (!outcome) co_return std::unexpected(outcome.error());
  if (*outcome == store::IssueCodeOutcome::session_ended) co_return std::nullopt;
  co_return std::move(credential.text);
}

Response page_redirect(const Provider& provider, const Request& request, std::string_view path,
                       const LoadedFlow& loaded, DispatchInput input) {
  const auto sealed = seal_flow(provider, Purpose::authorize, input.flow);
  // Once it has started, what the steps add fits beside it.
  if (sealed.size() > (input.route == "/authorize" ? kMaxSealedRequest : kMaxSealed)) {
    return authorization_failure(
        provider, request, input.route,
        RedirectError{loaded.request.redirect_uri, loaded.request.state,
                      OAuthError{OAuthErrorCode::invalid_request,
                                 "The request is too large: its parameters must fit in 4 KB."}},
        *loaded.client);
  }
  return with_cookies(Response::redirect(std::string(path) + "?t=" + sealed), input.set_cookies);
}

}  // namespace

page::ApplicationView application_view(const LoadedFlow& loaded) {
  return {.name = loaded.client->display_name(),
          .host = loaded.request.redirect_uri.host(),
          .policy_uri = loaded.client->policy_uri,
          .tos_uri = loaded.client->tos_uri};
}

Response authorization_failure(const Provider& provider, const Request& request,
                               std::string_view route,
                               const oidc::request::AuthorizationFailure& failure,
                               const oidc::model::Client& client) {
  if (const auto* page = std::get_if<PageError>(&failure)) {
    page::ErrorView view;
    view.title = "This sign-in request cannot be completed";
    view.remedy =
        "Nothing is wrong with your account. Whoever runs " + client.display_name() +
        " can mend this: the address in the request must be registered, letter by letter.";
    view.facts = {{"Application", client.display_name()}};
    const auto query = oidc::Form::parse(request.query);
    if (query && query->has("redirect_uri")) {
      view.facts.emplace_back("Address in the request",
                              query->value_or("redirect_uri", "").substr(0, 300));
    }
    return page_failure(provider, request, route, page->error, view, client.client_id);
  }
  const auto& redirect = std::get<RedirectError>(failure);
  const auto id = record_failure(provider, request, route, redirect.error, 303, client.client_id);
  return Response::redirect(oidc::response::error_location(redirect, provider.issuer, id));
}

runtime::Task<std::expected<LoadedFlow, Response>> load_flow(const Provider& provider,
                                                             const Request& request,
                                                             const oidc::Form& form,
                                                             std::string route) {
  const auto client_id = form.value_or("client_id", "");
  const auto now = provider.now();
  std::shared_ptr<const oidc::model::Client> client;
  if (!client_id.empty() && !form.is_repeated("client_id")) {
    auto found = co_await provider.store.find_client(client_id, now);
    if (!found) co_return std::unexpected(store_failure(provider, request, route, found.error()));
    client = std::move(*found);
  }
  if (!client) {
    page::ErrorView view;
    view.title = "This application is not known here";
    view.remedy =
        "Go back to the application and try again. If it happens again, tell whoever runs it that "
        "its client_id is not registered with this server.";
    if (!client_id.empty()) view.facts = {{"client_id", client_id.substr(0, 100)}};
    OAuthError error{OAuthErrorCode::invalid_client,
                     client_id.empty() ? "The request names no application (client_id)."
                                       : "The client_id of the request is not registered.",
                     "client_id: unknown or missing"};
    co_return std::unexpected(page_failure(provider, request, route, error, view));
  }
  auto parsed = oidc::request::parse_authorization_request(form, *client, now);
  if (!parsed) {
    co_return std::unexpected(
        authorization_failure(provider, request, route, parsed.error(), *client));
  }
  co_return LoadedFlow{std::move(client), std::move(*parsed)};
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

runtime::Task<Response> dispatch(const Provider& provider, const Request& request,
                                 DispatchInput input) {
  auto loaded = co_await load_flow(provider, request, input.flow.form, input.route);
  if (!loaded) co_return with_cookies(std::move(loaded.error()), input.set_cookies);
  const auto fail_to_client = [&](OAuthError error) {
    return with_cookies(
        authorization_failure(
            provider, request, input.route,
            RedirectError{loaded->request.redirect_uri, loaded->request.state, std::move(error)},
            *loaded->client),
        input.set_cookies);
  };
  auto hinted = read_hint(provider, *loaded);
  if (!hinted) co_return fail_to_client(hinted.error());
  std::optional<oidc::model::Browser> browser = std::move(input.browser);
  if (!browser) {
    auto found = co_await load_browser(provider, request);
    if (!found)
      co_return with_cookies(store_failure(provider, request, input.route, found.error()),
                             input.set_cookies);
    browser = std::move(*found);
  }
  const auto now = provider.now();
  oidc::interaction::Situation situation{.request = loaded->request,
                                         .client = *loaded->client,
                                         .browser = browser ? &*browser : nullptr,
                                         .started_at = input.flow.started_at,
                                         .now = now,
                                         .issuer_on_loopback = provider.issuer_on_loopback,
                                         .session_id = input.flow.session_id,
                                         .hinted_sub = *hinted,
                                         .consent_given = input.consent_given};
  if (const auto* account = pick_session(situation); account && !loaded->client->first_party) {
    auto consent =
        co_await provider.store.find_consent(account->user.id, loaded->client->client_id);
    if (!consent)
      co_return with_cookies(store_failure(provider, request, input.route, consent.error()),
                             input.set_cookies);
    situation.remembered_scope = std::move(*consent);
  }
  auto next = next_step(situation);
  if (auto* error = std::get_if<OAuthError>(&next)) co_return fail_to_client(std::move(*error));
  if (const auto* issue = std::get_if<oidc::interaction::IssueStep>(&next)) {
    const Issue job{*loaded, *issue->account, *browser,
                    input.consent_given && !loaded->client->first_party};
    auto code = co_await issue_code(provider, request.client_address, job, now);
    if (!code)
      co_return with_cookies(store_failure(provider, request, input.route, code.error()),
                             input.set_cookies);
    if (*code) {
      co_return with_cookies(
          Response::redirect(oidc::response::code_location(loaded->request.redirect_uri, **code,
                                                           loaded->request.state, provider.issuer)),
          input.set_cookies);
    }
    next = oidc::interaction::SignInStep{};  // the session ended a moment ago
    if (loaded->request.prompt.none) {
      co_return fail_to_client({OAuthErrorCode::login_required, "The session has just ended."});
    }
  }
  const auto binding = read_or_make_binding(provider, request);
  if (!binding.set_cookie.empty()) input.set_cookies.push_back(binding.set_cookie);
  input.flow.binding = binding.hash;
  if (const auto* consent = std::get_if<oidc::interaction::ConsentStep>(&next)) {
    // A consent shown for one account cannot be given as another.
    input.flow.session_id = consent->account->session.id;
    co_return page_redirect(provider, request, "/consent", *loaded, std::move(input));
  }
  input.flow.session_id.reset();
  if (std::get<oidc::interaction::SignInStep>(next).again &&
      input.flow.notice == page::SignInNotice::none) {
    input.flow.notice = page::SignInNotice::sign_in_again;
    // Whoever is to confirm need not type who they are.
    if (!loaded->request.prompt.select_account) {
      input.flow.email = pick_session(situation)->user.primary_email();
    }
  }
  co_return page_redirect(provider, request, "/login", *loaded, std::move(input));
}

}  // namespace server::signin

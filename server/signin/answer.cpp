#include "server/signin/answer.h"

#include "oidc/base/text.h"
#include "oidc/crypto/random.h"
#include "oidc/grant/issue_tokens.h"
#include "oidc/interaction/next_step.h"
#include "oidc/token/subject.h"
#include "server/provider/failure.h"
#include "server/provider/look.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::request::PageError;
using oidc::request::RedirectError;
using oidc::request::ResponseMode;
using provider::Provider;

// The class of the session, or the one below it that the request asked for.
std::string named_acr(const LoadedFlow& loaded, const std::string& session_acr) {
  const auto demand = oidc::interaction::acr_demand(loaded.request, *loaded.client);
  return demand ? oidc::interaction::answered_acr(*demand, session_acr) : session_acr;
}

oidc::model::Grant make_grant(const Provider& provider, const Issue& issue, oidc::TimePoint now) {
  const auto& session = issue.account.session;
  const auto& request = issue.loaded.request;
  const auto& client = *issue.loaded.client;
  return {.id = provider.store.next_row(),
          .user_id = issue.account.user.id,
          .subject = oidc::token::subject_for(client, issue.account.user.id,
                                              provider.keys.purpose_key("pairwise")),
          .client_id = client.client_id,
          .session_id = session.id,
          .scope = request.scope(),
          .claims = oidc::request::claims_to_keep(request.claims),
          .resources = request.resources,
          .offline_access = request.has_scope("offline_access"),
          .auth_time = session.auth_time,
          .amr = session.amr,
          .acr = named_acr(issue.loaded, session.acr),
          .sid = session.sid,
          .created_at = now};
}

oidc::Result<oidc::grant::IssuedTokens> sign_tokens(const Provider& provider, const Issue& issue,
                                                    const oidc::model::Grant& grant,
                                                    std::string_view code, oidc::TimePoint now) {
  const auto& type = issue.loaded.request.response_type;
  const auto jti = oidc::crypto::random_id();
  // The session was read in this request, and the transaction that follows holds it.
  return oidc::grant::issue_tokens({.grant_type = "implicit",
                                    .issuer = provider.issuer,
                                    .client = *issue.loaded.client,
                                    .user = issue.account.user,
                                    .grant = grant,
                                    .grant_live = true,
                                    .scope = grant.scope,
                                    .nonce = issue.loaded.request.nonce,
                                    .jti = jti,
                                    .code = code,
                                    .access_token = type.token,
                                    .id_token = type.id_token,
                                    .now = now,
                                    .lifetimes = provider.lifetimes},
                                   provider.signer());
}

// Not in the looks of the application: whoever wrote the address may only pretend to be sent by it.
Response refused_page(const Provider& provider, const Request& request, std::string_view route,
                      page::Look look, const oidc::OAuthError& error,
                      const oidc::model::Client& client) {
  page::ErrorView view;
  view.look = std::move(look);
  view.title = "error_request";
  view.remedy = "error_request_remedy";
  view.values = {{"app_name", client.display_name()}};
  view.facts = {{"error_fact_application", client.display_name()}};
  const auto query = oidc::Form::parse(request.query, oidc::Repeats::note);
  if (query && query->has("redirect_uri")) {
    view.facts.emplace_back("error_fact_address",
                            query->value_or("redirect_uri", "").substr(0, 300));
  }
  return page_failure(provider, request, route, error, view, client.client_id);
}

// A form of ours was sent from a page of ours: browsers say so in every POST.
bool is_pressed(const Provider& provider, const Request& request) {
  return request.method == http::Method::post && request.header("origin") == provider.issuer;
}

// An application that nobody vouched for must not use us to send people anywhere.
Response quarantine_page(const Provider& provider, const Request& request, std::string_view route,
                         page::Look look, const oidc::OAuthError& error,
                         const oidc::model::Client& client) {
  page::ErrorView view;
  view.look = std::move(look);
  view.title = "error_request";
  view.remedy = "error_quarantine_remedy";
  view.facts = {{"error_fact_unverified_application", client.display_name()}};
  return page_failure(provider, request, route, error, view, client.client_id);
}

}  // namespace

runtime::Task<IssueOutcome> issue_answer(const Provider& provider, std::string address,
                                         const Issue& issue, oidc::TimePoint now) {
  const auto& request = issue.loaded.request;
  const auto& type = request.response_type;
  auto grant = make_grant(provider, issue, now);
  store::IssueCode command{
      .browser_id = issue.browser.id, .grant_expires_at = now, .pushed_request = issue.flow.pushed};
  if (issue.remember_consent) {
    command.remember_consent = oidc::join_words(oidc::interaction::consent_words(request));
  }
  std::string code;
  if (type.code) {
    auto credential = oidc::crypto::make_credential(
        oidc::crypto::CredentialKind::authorization_code, 0, provider.store.next_row());
    code = std::move(credential.text);
    command.code =
        oidc::model::AuthorizationCode{.stored = credential.stored,
                                       .grant_id = grant.id,
                                       .client_id = grant.client_id,
                                       .redirect_uri = request.redirect_uri.text(),
                                       .code_challenge = request.code_challenge,
                                       .nonce = request.nonce,
                                       .expires_at = now + provider.lifetimes.authorization_code};
    command.grant_expires_at = command.code->expires_at;
  }
  std::optional<oidc::grant::IssuedTokens> tokens;
  if (type.token || type.id_token) {
    auto signed_tokens = sign_tokens(provider, issue, grant, code, now);
    if (!signed_tokens) co_return std::move(signed_tokens.error());
    tokens = std::move(*signed_tokens);
    if (type.token) {
      command.grant_expires_at = std::max(command.grant_expires_at, tokens->expires_at);
    }
  }
  store::Actor actor{"user:" + grant.user_id, std::move(address)};
  command.grant = std::move(grant);
  auto outcome = co_await provider.store.issue_code(std::move(command), std::move(actor), now);
  if (!outcome) co_return std::move(outcome.error());
  if (*outcome == store::IssueCodeOutcome::session_ended) co_return SessionEnded{};
  if (*outcome == store::IssueCodeOutcome::request_used) {
    co_return oidc::OAuthError{oidc::OAuthErrorCode::invalid_request_uri,
                               "The request_uri was used before: push the request again."};
  }
  if (issue.loaded.client->quarantined) {
    // So that it does not go as unused; a failure here is no reason to refuse the person.
    (void)co_await provider.store.note_client_use(issue.loaded.client->client_id, now);
  }
  co_return oidc::response::success(
      request,
      {.code = code, .tokens = tokens ? &*tokens : nullptr, .session_state = issue.session_state},
      provider.issuer, now);
}

runtime::Task<Response> deliver(const Provider& provider, const Request& request,
                                const oidc::Form& form,
                                oidc::response::AuthorizationResponse answer,
                                const oidc::model::Client& client,
                                const oidc::request::ValidatedRedirectUri& redirect_uri) {
  if (answer.mode != ResponseMode::form_post) co_return Response::redirect(answer.location);
  // A code may have been issued already. It goes out whatever becomes of this: find_look() falls
  // back on our own looks.
  auto look =
      co_await provider::find_look(provider, request, form.value_or("ui_locales", ""), &client);
  co_return provider.pages.form_post({.look = std::move(look),
                                      .application_name = client.display_name(),
                                      .action = answer.location,
                                      .fields = answer.fields.entries(),
                                      .form_action = redirect_uri.scheme()});
}

runtime::Task<Response> authorization_failure(const Provider& provider, const Request& request,
                                              std::string route, const oidc::Form& form,
                                              oidc::request::AuthorizationFailure failure,
                                              const oidc::model::Client& client) {
  const auto our_look = [&] {
    return provider::find_look(provider, request, form.value_or("ui_locales", ""));
  };
  if (const auto* page = std::get_if<PageError>(&failure)) {
    co_return refused_page(provider, request, route, co_await our_look(), page->error, client);
  }
  const auto& redirect = std::get<RedirectError>(failure);
  if (client.quarantined && !is_pressed(provider, request)) {
    co_return quarantine_page(provider, request, route, co_await our_look(), redirect.error,
                              client);
  }
  const auto id = record_failure(provider, request, route, redirect.error, 303, client.client_id);
  co_return co_await deliver(provider, request, form,
                             oidc::response::failure(redirect, provider.issuer, id), client,
                             redirect.redirect_uri);
}

}  // namespace server::signin

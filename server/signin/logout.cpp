#include "server/signin/logout.h"

#include "oidc/request/redirect_uri.h"
#include "oidc/response/authorization_response.h"
#include "oidc/token/claims.h"
#include "server/observe/log.h"
#include "server/provider/failure.h"
#include "server/provider/look.h"
#include "server/signin/browser_state.h"
#include "server/signin/dispatch.h"
#include "server/signin/front_channel.h"
#include "server/signin/own_flow.h"
#include "server/signin/resume.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::OAuthError;
using oidc::OAuthErrorCode;
using oidc::request::ValidatedRedirectUri;
using provider::Provider;

constexpr std::string_view kRoute = "/logout";
constexpr std::size_t kMaxState = 4096;

struct LogoutRequest {
  std::optional<oidc::token::IdTokenHint> hint;
  std::shared_ptr<const oidc::model::Client> client;
  std::optional<ValidatedRedirectUri> redirect;
  std::string state;
  page::Look look;
};

// `look` of the application once all that it asks for was found sound; else that of our own pages.
Response refuse(const Provider& provider, const Request& request, const OAuthError& error,
                page::Look look = {}) {
  page::ErrorView view;
  view.look = std::move(look);
  view.title = "error_logout";
  view.remedy = "error_logout_remedy";
  return page_failure(provider, request, kRoute, error, view);
}

// Never redirects to an address that is not the client's own, and never on the word of a hint that
// is not ours.
runtime::Task<std::expected<LogoutRequest, Response>> load_request(const Provider& provider,
                                                                   const Request& request,
                                                                   const oidc::Form& form) {
  LogoutRequest out;
  const auto refusal = [&](const OAuthError& error) {
    return std::unexpected(refuse(provider, request, error));
  };
  if (const auto text = form.get("id_token_hint")) {
    auto hint =
        oidc::token::verify_id_token_hint(*text, *provider.keys.hint_keys(), provider.issuer);
    if (!hint) co_return refusal(hint.error());
    out.hint = std::move(*hint);
  }
  auto client_id = form.value_or("client_id", "");
  if (out.hint) {
    if (!client_id.empty() && client_id != out.hint->client_id) {
      co_return refusal({OAuthErrorCode::invalid_request,
                         "The client_id is not the one the id_token_hint was issued to."});
    }
    client_id = out.hint->client_id;
  }
  if (!client_id.empty()) {
    auto client = co_await provider.store.find_client(client_id, provider.now());
    if (!client) co_return refusal(provider::to_oauth_error(client.error()));
    out.client = std::move(*client);
  }
  if (const auto uri = form.get("post_logout_redirect_uri")) {
    if (!out.client) {
      co_return refusal({OAuthErrorCode::invalid_request,
                         "A post_logout_redirect_uri needs an id_token_hint or a client_id."});
    }
    auto valid = oidc::request::validate_post_logout_redirect_uri(*out.client, *uri);
    if (!valid) co_return refusal(valid.error());
    out.redirect = std::move(*valid);
  }
  out.state = form.value_or("state", "");
  if (out.state.size() > kMaxState) {
    co_return refusal(
        {OAuthErrorCode::invalid_request, "The parameter state is longer than 4096 bytes."});
  }
  out.look = co_await provider::find_look(provider, request, form.value_or("ui_locales", ""),
                                          out.client.get());
  co_return out;
}

// `frames` are the pages of applications that are to be opened first.
Response signed_out(const Provider& provider, const LogoutRequest& logout,
                    std::vector<page::LogoutFrame> frames = {}) {
  std::string next;
  if (logout.redirect) {
    next = oidc::response::logout_location(*logout.redirect, logout.state);
  }
  const std::string name = logout.client ? logout.client->display_name() : "";
  if (!frames.empty()) {
    return provider.pages.front_channel_logout({.look = logout.look,
                                                .frames = std::move(frames),
                                                .application_name = name,
                                                .next = std::move(next)});
  }
  if (!next.empty()) return Response::redirect(std::move(next));
  return provider.pages.signed_out({.look = logout.look, .application_name = name});
}

runtime::Task<Response> end_sessions(const Provider& provider, const Request& request,
                                     const LogoutRequest& logout,
                                     const oidc::model::Browser& browser,
                                     std::vector<std::int64_t> ids) {
  const store::Actor actor{"user:" + browser.sessions.front().user.id, request.client_address};
  const bool all = ids.size() == browser.sessions.size();
  auto ended =
      co_await provider.store.end_sessions(browser.id, std::move(ids), actor, provider.now());
  if (!ended) {
    co_return refuse(provider, request, provider::to_oauth_error(ended.error()), logout.look);
  }
  observe::log_info("signed_out", {{"source", request.client_address}});
  auto response =
      signed_out(provider, logout, co_await front_channel_frames(provider, std::move(*ended)));
  std::vector<std::string> cookies;
  if (all) cookies.push_back(provider.cookie(kSessionCookie, "", 0));
  renew_browser_state(provider, cookies);
  for (auto& cookie : cookies) response.add("Set-Cookie", std::move(cookie));
  co_return response;
}

Response ask(const Provider& provider, const Request& request, const LogoutRequest& logout,
             const oidc::model::Browser& browser, const oidc::Form& form) {
  Flow flow;
  for (const char* name :
       {"id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"}) {
    if (auto value = form.get(name)) flow.form.set(name, std::move(*value));
  }
  flow.started_at = provider.now();
  const auto cookie = bind_here(provider, request, flow);
  page::SignOutView view;
  view.look = logout.look;
  view.t = seal_flow(provider, Purpose::logout, flow);
  view.application_name = logout.client ? logout.client->display_name() : "";
  view.account_email = browser.sessions.front().user.primary_email();
  if (logout.redirect) view.form_action = logout.redirect->scheme();
  auto response = provider.pages.sign_out(view);
  if (!cookie.empty()) response.add("Set-Cookie", cookie);
  return response;
}

runtime::Task<Response> start_logout(const Provider& provider, const Request& request,
                                     const oidc::Form& form) {
  auto logout = co_await load_request(provider, request, form);
  if (!logout) co_return std::move(logout.error());
  auto browser = co_await load_browser(provider, request);
  if (!browser) {
    co_return refuse(provider, request, provider::to_oauth_error(browser.error()), logout->look);
  }
  // What nobody vouched for sends nobody anywhere before a person has acted: ask() shows a button.
  auto silent = *logout;
  if (silent.client && silent.client->quarantined) silent.redirect.reset();
  if (!*browser || (*browser)->sessions.empty()) co_return signed_out(provider, silent);
  if (logout->hint) {
    // The hint names a session of this very browser: the application speaks for its person.
    for (const auto& candidate : (*browser)->sessions) {
      if (candidate.session.sid == logout->hint->sid) {
        co_return co_await end_sessions(provider, request, silent, **browser,
                                        {candidate.session.id});
      }
    }
  }
  // RP-Initiated Logout §2: without such a hint the person is asked, or any page could sign them
  // out.
  co_return ask(provider, request, *logout, **browser, form);
}

}  // namespace

runtime::Task<Response> get_logout(const Provider& provider, Request request) {
  const auto form = oidc::Form::parse(request.query);
  if (!form) co_return refuse(provider, request, form.error());
  co_return co_await start_logout(provider, request, *form);
}

runtime::Task<Response> post_logout(const Provider& provider, Request request) {
  const auto fields = oidc::Form::parse(request.body);
  if (!fields) co_return refuse(provider, request, fields.error());
  if (!fields->has("t")) {
    // An application's POST comes without our Lax cookies: turned into a GET of ourselves.
    co_return Response::redirect("/logout?" + fields->encode());
  }
  auto submitted = co_await resume_form(provider, request, Purpose::logout, kRoute);
  if (!submitted) co_return std::move(submitted.error());
  if (!submitted->own) {
    co_return Response::redirect("/logout?" + submitted->flow.form.encode());
  }
  auto logout = co_await load_request(provider, request, submitted->flow.form);
  if (!logout) co_return std::move(logout.error());
  auto browser = co_await load_browser(provider, request);
  if (!browser) {
    co_return refuse(provider, request, provider::to_oauth_error(browser.error()), logout->look);
  }
  if (!*browser || (*browser)->sessions.empty()) co_return signed_out(provider, *logout);
  std::vector<std::int64_t> ids;
  ids.reserve((*browser)->sessions.size());
  for (const auto& candidate : (*browser)->sessions) ids.push_back(candidate.session.id);
  co_return co_await end_sessions(provider, request, *logout, **browser, std::move(ids));
}

}  // namespace server::signin

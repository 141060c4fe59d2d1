#include "server/signin/login.h"

#include "server/account/password_sign_in.h"
#include "server/provider/failure.h"
#include "server/signin/complete.h"
#include "server/signin/device.h"
#include "server/signin/dispatch.h"
#include "server/signin/own_flow.h"
#include "server/signin/resume.h"
#include "server/signin/step_failure.h"
#include "server/signin/ways_in.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using page::SignInNotice;
using provider::Provider;

constexpr std::string_view kRoute = "/login";

page::SignInView sign_in_view(const Provider& provider, const StepContext& step, const Flow& flow) {
  page::SignInView view;
  view.look = step.look;
  view.t = seal_flow(provider, Purpose::authorize, flow);
  view.application = step.application;
  view.email = flow.email.empty() ? step.login_hint : flow.email;
  view.notice = flow.notice;
  view.event_id = flow.event_id;
  view.form_action = step.form_action;
  view.with_password = step.password;
  if (step.link) view.link_action = "/m/send";
  if (step.password && has_mail(provider)) view.reset_address = "/reset?t=" + view.t;
  const oidc::model::Client none;  // as one without rules of its own
  const auto* client = step.client();
  if (offers_signup(provider, client ? *client : none)) {
    view.signup_address = "/signup?t=" + view.t;
  }
  return view;
}

// The page again after a POST that changed nothing: by redirect, so that reload and back work.
Response show_again(const Provider& provider, const Request& request, Flow flow) {
  return to_page(provider, request, kRoute, std::move(flow));
}

// 429 and 503 are shown at once: nothing was counted or changed, so a reload harms nobody.
Response show_refusal(const Provider& provider, const StepContext& step, const Flow& flow,
                      int status, std::int64_t retry_after_s) {
  auto view = sign_in_view(provider, step, flow);
  view.retry_after_s = retry_after_s;
  auto response = provider.pages.sign_in(view, status);
  response.set("Retry-After", std::to_string(retry_after_s));
  return response;
}

runtime::Task<Response> accept(const Provider& provider, const Request& request, Flow flow,
                               account::Accepted accepted) {
  auto proof = password_proof(accepted.record.user.id);
  proof.authenticator_id = accepted.record.authenticator_id;
  proof.expected_phc = std::move(accepted.record.phc);
  proof.new_phc = std::move(accepted.rehash);
  proof.give_back = std::move(accepted.give_back);
  auto done =
      co_await complete_sign_in(provider, request, flow, std::move(proof), std::string(kRoute));
  if (done) co_return std::move(*done);
  flow.notice = SignInNotice::wrong_credentials;
  co_return show_again(provider, request, std::move(flow));
}

}  // namespace

runtime::Task<Response> get_login(const Provider& provider, Request request) {
  auto flow = co_await resume_page(provider, request, kRoute);
  if (!flow) co_return std::move(flow.error());
  auto step = co_await load_step(provider, request, *flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  // Opened in another browser, the page is bound to that one: an address approves nothing by
  // itself.
  const auto cookie = bind_here(provider, request, *flow);
  auto response = provider.pages.sign_in(sign_in_view(provider, *step, *flow));
  if (!cookie.empty()) response.add("Set-Cookie", cookie);
  co_return response;
}

runtime::Task<Response> post_login(const Provider& provider, Request request) {
  auto submitted = co_await resume_form(provider, request, Purpose::authorize, kRoute);
  if (!submitted) co_return std::move(submitted.error());
  auto& flow = submitted->flow;
  flow.email = typed_email(submitted->fields);
  flow.event_id.clear();
  if (!submitted->own) {
    flow.notice = SignInNotice::rebound;
    co_return show_again(provider, request, std::move(flow));
  }
  auto step = co_await load_step(provider, request, flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  if (!step->password) {  // by the application's rule: this form was not on the page
    flow.notice = SignInNotice::none;
    co_return show_again(provider, request, std::move(flow));
  }
  auto outcome = co_await try_password(provider, request, flow.email,
                                       oidc::Password(submitted->fields.value_or("password", "")));
  if (auto* accepted = std::get_if<account::Accepted>(&outcome)) {
    co_return co_await accept(provider, request, std::move(flow), std::move(*accepted));
  }
  const auto note = [&](std::string detail, int status) {
    return record_failure(
        provider, request, kRoute,
        {oidc::OAuthErrorCode::access_denied, "The sign-in was refused.", std::move(detail)},
        status, flow.form.value_or("client_id", ""));
  };
  if (const auto* throttled = std::get_if<account::Throttled>(&outcome)) {
    provider.metrics.sign_in("throttled");
    flow.notice = SignInNotice::throttled;
    flow.event_id = note("throttle: too many attempts", 429);
    co_return show_refusal(provider, *step, flow, 429,
                           seconds_until(provider, throttled->retry_at));
  }
  if (std::holds_alternative<account::Busy>(outcome)) {
    provider.metrics.sign_in("busy");
    flow.notice = SignInNotice::busy;
    flow.event_id = note("password pool: its queue is full", 503);
    co_return show_refusal(provider, *step, flow, 503, 1);
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return store_failure(provider, request, kRoute, *error);
  }
  provider.metrics.sign_in("refused");
  flow.notice = SignInNotice::wrong_credentials;
  flow.event_id = note(std::get<account::Refused>(outcome).rule, 303);
  co_return show_again(provider, request, std::move(flow));
}

}  // namespace server::signin

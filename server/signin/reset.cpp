#include "server/signin/reset.h"

#include "server/page/people_pages.h"
#include "server/provider/failure.h"
#include "server/signin/browser_state.h"
#include "server/signin/challenge.h"
#include "server/signin/device.h"
#include "server/signin/dispatch.h"
#include "server/signin/link_wait.h"
#include "server/signin/notice_mail.h"
#include "server/signin/own_flow.h"
#include "server/signin/resume.h"
#include "server/signin/step_failure.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::model::ChallengePurpose;
using oidc::model::EmailChallenge;
using page::LinkEnd;
using page::LinkPurpose;
using page::SignInNotice;
using provider::Provider;

constexpr std::string_view kRoute = "/reset";
constexpr std::string_view kFinishRoute = "/reset/finish";

// Passwords are of use here, and mail can be sent.
bool is_offered(const Provider& provider, const StepContext& step) {
  return has_mail(provider) && step.password;
}

Response show(const Provider& provider, const Request& request, const Flow& flow,
              const StepContext& step, page::FormNotice notice, int status) {
  const auto here = begin_here(provider, request, flow);
  auto response = page::reset(provider.pages,
                              {.look = step.look,
                               .t = here.t,
                               .application = step.application,
                               .email = flow.email.empty() ? step.login_hint : flow.email,
                               .notice = std::move(notice),
                               .back_address = "/login?t=" + here.t,
                               .form_action = step.form_action},
                              status);
  if (!here.set_cookie.empty()) response.add("Set-Cookie", here.set_cookie);
  return response;
}

// A flow whose mail was answered in this browser, with the challenge that is still open.
struct Proved {
  Flow flow;
  StepContext step;
  EmailChallenge challenge;
};
runtime::Task<std::expected<Proved, Response>> load_proved(const Provider& provider,
                                                           const Request& request, Flow flow) {
  if (!flow.challenge || !flow.proved || !is_bound(provider, request, flow.binding)) {
    co_return std::unexpected(to_page(provider, request, kRoute, std::move(flow)));
  }
  auto found = co_await find_recent_challenge(provider, *flow.challenge);
  if (!found) {
    co_return std::unexpected(store_failure(provider, request, kFinishRoute, found.error()));
  }
  const auto& challenge = *found;
  if (!challenge || challenge->purpose != ChallengePurpose::reset_password ||
      challenge->binding != flow.binding || challenge->user_id.empty()) {
    co_return std::unexpected(to_login(provider, request, std::move(flow)));
  }
  if (challenge->used_at || challenge->expires_at <= provider.now()) {
    const auto end = challenge->used_at ? LinkEnd::used : LinkEnd::expired;
    co_return std::unexpected(
        co_await link_ended(provider, request, end, std::move(flow), LinkPurpose::reset_password));
  }
  auto step = co_await load_step(provider, request, flow, std::string(kFinishRoute));
  if (!step) co_return std::unexpected(std::move(step.error()));
  co_return Proved{std::move(flow), std::move(*step), std::move(**found)};
}

Response show_finish(const Provider& provider, const Proved& proved, page::FormNotice notice,
                     int status = 200) {
  return page::new_password(provider.pages,
                            {.look = proved.step.look,
                             .t = seal_flow(provider, Purpose::authorize, proved.flow),
                             .application = proved.step.application,
                             .email = proved.challenge.email_fold,
                             .min_length = provider.passwords.min_length(),
                             .notice = std::move(notice),
                             .form_action = proved.step.form_action},
                            status);
}

// The account has the new password: every session ended, so the person signs in with it.
Response done(const Provider& provider, const Request& request, Proved proved) {
  proved.flow.session_id.reset();
  proved.flow.email = proved.challenge.email_fold;
  auto response =
      to_login(provider, request, std::move(proved.flow), SignInNotice::password_changed);
  // It was told of in the mail on the new password: signing in with it is no news.
  response.add("Set-Cookie", set_device(provider, request, proved.challenge.user_id));
  std::vector<std::string> cookies;
  renew_browser_state(provider, cookies);
  for (auto& cookie : cookies) response.add("Set-Cookie", std::move(cookie));
  return response;
}

runtime::Task<Response> set_new_password(const Provider& provider, const Request& request,
                                         Proved proved, oidc::Password password) {
  const auto& user_id = proved.challenge.user_id;
  auto user = co_await provider.store.find_user(user_id);
  if (!user) co_return store_failure(provider, request, kFinishRoute, user.error());
  if (!*user) {
    co_return to_login(provider, request, std::move(proved.flow));
  }
  auto weak = refuse_weak(provider, password, personal_words(**user));
  if (!weak.key.empty()) co_return show_finish(provider, proved, std::move(weak), 422);
  auto phc = co_await provider.passwords.hash(std::move(password));
  if (!phc)
    co_return show_finish(provider, proved, {.key = "signup_busy", .retry_after_s = 1}, 503);
  auto notice = co_await make_notice(provider, request,
                                     {.kind = mail::MailKind::password_changed,
                                      .user_id = user_id,
                                      .to = (*user)->primary_email(),
                                      .client_id = proved.step.client_id(),
                                      .language = proved.step.look.language,
                                      .path = std::string(kRoute)});
  if (!notice) co_return store_failure(provider, request, kFinishRoute, notice.error());
  auto outcome = co_await provider.store.reset_password(
      proved.challenge.link.row, user_id, std::move(*phc),
      {"user:" + user_id, request.client_address}, provider.now(), std::move(*notice));
  if (!outcome) co_return store_failure(provider, request, kFinishRoute, outcome.error());
  if (*outcome == store::AccountOutcome::done) {
    co_return done(provider, request, std::move(proved));
  }
  co_return co_await link_ended(provider, request, LinkEnd::used, std::move(proved.flow),
                                LinkPurpose::reset_password);
}

}  // namespace

runtime::Task<Response> get_reset(const Provider& provider, Request request) {
  auto flow = co_await resume_or_begin(provider, request, kRoute);
  if (!flow) co_return std::move(flow.error());
  auto step = co_await load_step(provider, request, *flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  if (!is_offered(provider, *step)) {
    co_return to_login(provider, request, std::move(*flow));
  }
  auto notice = form_notice(*flow);
  co_return show(provider, request, *flow, *step, std::move(notice), 200);
}

runtime::Task<Response> post_reset(const Provider& provider, Request request) {
  auto submitted = co_await resume_form(provider, request, Purpose::authorize, kRoute);
  if (!submitted) co_return std::move(submitted.error());
  auto& flow = submitted->flow;
  flow.email = typed_email(submitted->fields);
  forget_step(flow);
  if (!submitted->own) {
    flow.notice = SignInNotice::rebound;
    co_return to_page(provider, request, kRoute, std::move(flow));
  }
  auto step = co_await load_step(provider, request, flow, std::string(kRoute));
  if (!step) co_return std::move(step.error());
  if (!is_offered(provider, *step)) {
    co_return to_login(provider, request, std::move(flow));
  }
  auto outcome = co_await start_challenge(provider, request,
                                          {.purpose = ChallengePurpose::reset_password,
                                           .email = flow.email,
                                           .client_id = step->client_id(),
                                           .language = step->look.language,
                                           .flow = flow});
  if (const auto* started = std::get_if<ChallengeStarted>(&outcome)) {
    const auto email = flow.email;
    co_return sent_page(provider, std::move(flow), email, *started);
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return store_failure(provider, request, kRoute, *error);
  }
  if (const auto* refused = std::get_if<ChallengeRefused>(&outcome)) {
    co_return show(provider, request, flow, *step, {.key = refused->sentence}, 422);
  }
  auto notice = refuse_throttled(provider, request, kRoute,
                                 {oidc::OAuthErrorCode::access_denied,
                                  "No further mail is sent for now.", "throttle: too many mails"},
                                 std::get<ChallengeThrottled>(outcome).retry_at, step->client_id());
  co_return show(provider, request, flow, *step, std::move(notice), 429);
}

runtime::Task<Response> get_reset_finish(const Provider& provider, Request request) {
  auto flow = co_await resume_page(provider, request, kFinishRoute);
  if (!flow) co_return std::move(flow.error());
  auto proved = co_await load_proved(provider, request, std::move(*flow));
  if (!proved) co_return std::move(proved.error());
  co_return show_finish(provider, *proved, form_notice(proved->flow));
}

runtime::Task<Response> post_reset_finish(const Provider& provider, Request request) {
  auto submitted = co_await resume_form(provider, request, Purpose::authorize, kFinishRoute);
  if (!submitted) co_return std::move(submitted.error());
  if (!submitted->own) {
    auto flow = std::move(submitted->flow);
    forget_step(flow);
    flow.notice = SignInNotice::rebound;
    co_return to_page(provider, request, kRoute, std::move(flow));
  }
  oidc::Password password(submitted->fields.value_or("new_password", ""));
  auto proved = co_await load_proved(provider, request, std::move(submitted->flow));
  if (!proved) co_return std::move(proved.error());
  co_return co_await set_new_password(provider, request, std::move(*proved), std::move(password));
}

}  // namespace server::signin

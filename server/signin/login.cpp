#include "server/signin/login.h"

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/crypto/random.h"
#include "oidc/metadata/provider_metadata.h"
#include "server/account/password_sign_in.h"
#include "server/observe/log.h"
#include "server/provider/failure.h"
#include "server/signin/browser_state.h"
#include "server/signin/dispatch.h"
#include "server/signin/resume.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using page::SignInNotice;
using provider::Provider;

constexpr std::string_view kRoute = "/login";
constexpr long kDeviceCookieSeconds = 365L * 24 * 3600;

page::SignInView sign_in_view(const Provider& provider, const LoadedFlow& loaded,
                              const Flow& flow) {
  page::SignInView view;
  view.t = seal_flow(provider, Purpose::authorize, flow);
  view.application = application_view(loaded);
  view.email = flow.email.empty() ? loaded.request.login_hint.substr(0, 254) : flow.email;
  view.notice = flow.notice;
  view.event_id = flow.event_id;
  view.form_action = loaded.request.redirect_uri.scheme();
  return view;
}

// The page again after a POST that changed nothing: by redirect, so that reload and back work.
Response show_again(const Provider& provider, const Request& request, Flow flow) {
  const auto binding = read_or_make_binding(provider, request);
  flow.binding = binding.hash;
  auto response = Response::redirect("/login?t=" + seal_flow(provider, Purpose::authorize, flow));
  if (!binding.set_cookie.empty()) response.add("Set-Cookie", binding.set_cookie);
  return response;
}

// 429 and 503 are shown at once: nothing was counted or changed, so a reload harms nobody.
runtime::Task<Response> show_refusal(const Provider& provider, const Request& request, Flow flow,
                                     int status, std::int64_t retry_after_s) {
  auto loaded = co_await load_flow(provider, request, flow, std::string(kRoute));
  if (!loaded) co_return std::move(loaded.error());
  auto view = sign_in_view(provider, *loaded, flow);
  view.retry_after_s = retry_after_s;
  auto response = provider.pages.sign_in(view, status);
  response.set("Retry-After", std::to_string(retry_after_s));
  co_return response;
}

std::optional<account::DeviceCookie> read_device(const Provider& provider, const Request& request) {
  const auto cookie = request.cookie(provider.cookie_name(kDeviceCookie));
  if (!cookie) return std::nullopt;
  return account::open_device_cookie(provider.keys.purpose_key("device_cookie"), *cookie);
}

struct NewSignIn {
  store::SignIn command;
  std::string session_cookie;
  std::string device_cookie;
};

NewSignIn prepare_sign_in(const Provider& provider, const Request& request,
                          const account::Accepted& accepted,
                          const std::optional<oidc::model::Browser>& old_browser,
                          oidc::TimePoint now) {
  auto credential = oidc::crypto::make_credential(oidc::crypto::CredentialKind::browser, 0,
                                                  provider.store.next_row());
  const auto seconds = [](std::chrono::milliseconds life) {
    return std::chrono::duration_cast<std::chrono::seconds>(life).count();
  };
  const auto lifetime = provider.config.session_absolute_lifetime;
  auto device = read_device(provider, request);
  const bool known = device && device->user_id == accepted.record.user.id;
  const account::DeviceCookie renewed{
      known ? device->device_id : oidc::base64url_encode(oidc::crypto::random_bytes(12)),
      accepted.record.user.id, now};
  return {.command = {.old_browser = old_browser ? std::optional(old_browser->id) : std::nullopt,
                      .new_browser = credential.stored,
                      .user_id = accepted.record.user.id,
                      .authenticator_id = accepted.record.authenticator_id,
                      .expected_phc = accepted.record.phc,
                      .new_phc = accepted.rehash,
                      .sid = oidc::base64url_encode(oidc::crypto::random_bytes(16)),
                      .session_row = provider.store.next_row(),
                      .auth_time = now,
                      .amr = "pwd",
                      .acr = oidc::metadata::kAcrPassword,
                      .expires_at = now + lifetime,
                      .give_back = accepted.give_back},
          .session_cookie = provider.cookie(kSessionCookie, credential.text, seconds(lifetime)),
          .device_cookie = provider.cookie(
              kDeviceCookie,
              account::seal_device_cookie(provider.keys.purpose_key("device_cookie"), renewed),
              kDeviceCookieSeconds)};
}

runtime::Task<Response> complete_sign_in(const Provider& provider, const Request& request,
                                         Flow flow, account::Accepted accepted) {
  const auto now = provider.now();
  auto old_browser = co_await load_browser(provider, request);
  if (!old_browser) {
    co_return page_failure(provider, request, kRoute,
                           provider::to_oauth_error(old_browser.error()));
  }
  auto fresh = prepare_sign_in(provider, request, accepted, *old_browser, now);
  const store::Actor actor{"user:" + accepted.record.user.id, request.client_address};
  const auto credential = fresh.command.new_browser;
  auto outcome = co_await provider.store.sign_in(std::move(fresh.command), actor, now);
  if (!outcome) {
    co_return page_failure(provider, request, kRoute, provider::to_oauth_error(outcome.error()));
  }
  if (*outcome == store::SignInOutcome::account_changed) {
    flow.notice = SignInNotice::wrong_credentials;
    co_return show_again(provider, request, std::move(flow));
  }
  provider.metrics.sign_in("success");
  observe::log_info("signed_in", {{"user_id", accepted.record.user.id},
                                  {"source", request.client_address},
                                  {"method", "password"}});
  auto browser = co_await provider.store.load_browser(
      credential, provider.config.session_idle_lifetime, provider.now());
  if (!browser) {
    // Signed in all the same: the cookies must arrive, because the old ones have ended.
    auto response =
        page_failure(provider, request, kRoute, provider::to_oauth_error(browser.error()));
    response.add("Set-Cookie", fresh.session_cookie).add("Set-Cookie", fresh.device_cookie);
    co_return response;
  }
  flow.email.clear();
  flow.notice = SignInNotice::none;
  flow.event_id.clear();
  flow.session_id.reset();
  if (*browser) {
    for (const auto& candidate : (*browser)->sessions) {
      if (candidate.user.id == accepted.record.user.id) flow.session_id = candidate.session.id;
    }
  }
  DispatchInput next{.flow = std::move(flow),
                     .route = std::string(kRoute),
                     .browser = std::move(*browser),
                     .set_cookies = {fresh.session_cookie, fresh.device_cookie}};
  renew_browser_state(provider, next.set_cookies);
  co_return co_await dispatch(provider, request, std::move(next));
}

}  // namespace

runtime::Task<Response> get_login(const Provider& provider, Request request) {
  auto flow = resume_page(provider, request, kRoute);
  if (!flow) co_return std::move(flow.error());
  auto loaded = co_await load_flow(provider, request, *flow, std::string(kRoute));
  if (!loaded) co_return std::move(loaded.error());
  // Opened in another browser, the page is bound to that one: an address approves nothing by
  // itself.
  const auto binding = read_or_make_binding(provider, request);
  flow->binding = binding.hash;
  auto response = provider.pages.sign_in(sign_in_view(provider, *loaded, *flow));
  if (!binding.set_cookie.empty()) response.add("Set-Cookie", binding.set_cookie);
  co_return response;
}

runtime::Task<Response> post_login(const Provider& provider, Request request) {
  auto submitted = resume_form(provider, request, Purpose::authorize, kRoute);
  if (!submitted) co_return std::move(submitted.error());
  auto& flow = submitted->flow;
  flow.email = submitted->fields.value_or("email", "").substr(0, 254);
  if (!oidc::is_clean_utf8(flow.email)) flow.email.clear();
  flow.event_id.clear();
  if (!submitted->own) {
    flow.notice = SignInNotice::rebound;
    co_return show_again(provider, request, std::move(flow));
  }
  const auto& config = provider.config;
  auto outcome = co_await account::attempt_password(
      provider.store, provider.passwords, provider.keys.purpose_key("throttle"),
      {.account = config.throttle_account_attempts,
       .account_daily = config.throttle_account_daily_attempts,
       .address = config.throttle_address_attempts,
       .site = config.throttle_site_attempts,
       .window = config.throttle_window},
      {.email = flow.email,
       .password = oidc::Password(submitted->fields.value_or("password", "")),
       .client_address = request.client_address,
       .device = read_device(provider, request)},
      provider.now());
  if (auto* accepted = std::get_if<account::Accepted>(&outcome)) {
    co_return co_await complete_sign_in(provider, request, std::move(flow), std::move(*accepted));
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
    const auto wait = std::chrono::ceil<std::chrono::seconds>(throttled->retry_at - provider.now());
    co_return co_await show_refusal(provider, request, std::move(flow), 429,
                                    std::max<std::int64_t>(1, wait.count()));
  }
  if (std::holds_alternative<account::Busy>(outcome)) {
    provider.metrics.sign_in("busy");
    flow.notice = SignInNotice::busy;
    flow.event_id = note("password pool: its queue is full", 503);
    co_return co_await show_refusal(provider, request, std::move(flow), 503, 1);
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return page_failure(provider, request, kRoute, provider::to_oauth_error(*error));
  }
  provider.metrics.sign_in("refused");
  flow.notice = SignInNotice::wrong_credentials;
  flow.event_id = note(std::get<account::Refused>(outcome).rule, 303);
  co_return show_again(provider, request, std::move(flow));
}

}  // namespace server::signin

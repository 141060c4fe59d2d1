#include "server/signin/complete.h"

#include "oidc/crypto/random.h"
#include "oidc/metadata/provider_metadata.h"
#include "server/observe/log.h"
#include "server/provider/failure.h"
#include "server/signin/browser_name.h"
#include "server/signin/browser_state.h"
#include "server/signin/device.h"
#include "server/signin/dispatch.h"
#include "server/signin/notice_mail.h"
#include "server/signin/step_failure.h"
#include "server/signin/ways_in.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using provider::Provider;

// Whatever the way in: a password may be in other hands, and so may a mailbox. The first sign-in,
// at sign-up, is no news and does not come here.
runtime::Task<store::StoreResult<std::optional<store::QueuedMail>>> sign_in_notice(
    const Provider& provider, const Request& request, const Flow& flow, const Proof& proof) {
  if (proof.is_told || !has_mail(provider)) co_return std::nullopt;
  const auto user = co_await provider.store.find_user(proof.user_id);
  if (!user) co_return std::unexpected(user.error());
  if (!*user || (*user)->emails.empty() ||
      account::is_device_of(read_device(provider, request), **user)) {
    co_return std::nullopt;
  }
  co_return co_await make_notice(
      provider, request,
      {.kind = mail::MailKind::new_sign_in,
       .user_id = proof.user_id,
       .to = (*user)->primary_email(),
       .client_id = flow.form.value_or("client_id", ""),
       .language = provider::language_of(provider, request, flow.form.value_or("ui_locales", "")),
       .path = "/account/security"});
}

}  // namespace

Proof password_proof(std::string user_id) {
  return {.user_id = std::move(user_id),
          .method = "password",
          .amr = "pwd",
          .acr = oidc::metadata::kAcrPassword};
}

Proof mail_proof(std::string user_id) {
  return {.user_id = std::move(user_id),
          .method = "mail",
          .amr = "email",
          .acr = oidc::metadata::kAcrLink};
}

runtime::Task<store::StoreResult<PreparedSignIn>> prepare_sign_in(const Provider& provider,
                                                                  const Request& request,
                                                                  Proof proof,
                                                                  std::string client_id) {
  const auto now = provider.now();
  auto old_browser = co_await load_browser(provider, request);
  if (!old_browser) co_return std::unexpected(std::move(old_browser.error()));
  auto credential = oidc::crypto::make_credential(oidc::crypto::CredentialKind::browser, 0,
                                                  provider.store.next_row());
  const auto lifetime = provider.config.session_absolute_lifetime;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
  store::SignIn command{
      .old_browser = *old_browser ? std::optional((*old_browser)->id) : std::nullopt,
      .challenge_row = proof.challenge_row,
      .address = request.client_address,
      .browser = browser_name(request.header("user-agent").value_or("")),
      .client_id = std::move(client_id),
      .new_browser = credential.stored,
      .user_id = proof.user_id,
      .authenticator_id = proof.authenticator_id,
      .expected_phc = std::move(proof.expected_phc),
      .new_phc = std::move(proof.new_phc),
      .sid = oidc::crypto::random_id(),
      .session_row = provider.store.next_row(),
      .auth_time = now,
      .amr = std::move(proof.amr),
      .acr = std::move(proof.acr),
      .expires_at = now + lifetime,
      .give_back = std::move(proof.give_back)};
  FreshSession session{.browser = credential.stored,
                       .user_id = proof.user_id,
                       .method = std::move(proof.method),
                       .set_cookies = {provider.cookie(kSessionCookie, credential.text, seconds),
                                       set_device(provider, request, proof.user_id)}};
  co_return PreparedSignIn{std::move(command), std::move(session)};
}

runtime::Task<Response> go_on_signed_in(const Provider& provider, const Request& request, Flow flow,
                                        FreshSession session, std::string route) {
  provider.metrics.sign_in("success");
  observe::log_info("signed_in", {{"user_id", session.user_id},
                                  {"source", request.client_address},
                                  {"method", session.method}});
  auto browser = co_await provider.store.load_browser(
      session.browser, provider.config.session_idle_lifetime, provider.now());
  if (!browser) {
    // Signed in all the same: the cookies must arrive, because the old ones have ended.
    auto response = store_failure(provider, request, route, browser.error());
    for (auto& cookie : session.set_cookies) response.add("Set-Cookie", std::move(cookie));
    co_return response;
  }
  flow.email.clear();
  flow.notice = page::SignInNotice::none;
  flow.event_id.clear();
  flow.session_id.reset();
  flow.challenge.reset();
  flow.proved = false;
  flow.sent_notice = page::SentNotice::none;
  if (*browser) {
    for (const auto& candidate : (*browser)->sessions) {
      if (candidate.user.id == session.user_id) flow.session_id = candidate.session.id;
    }
  }
  DispatchInput next{.flow = std::move(flow),
                     .route = std::move(route),
                     .browser = std::move(*browser),
                     .set_cookies = std::move(session.set_cookies)};
  renew_browser_state(provider, next.set_cookies);
  co_return co_await dispatch(provider, request, std::move(next));
}

runtime::Task<std::expected<Response, store::SignInOutcome>> complete_sign_in(
    const Provider& provider, const Request& request, Flow flow, Proof proof, std::string route) {
  const store::Actor actor{"user:" + proof.user_id, request.client_address};
  auto notice = co_await sign_in_notice(provider, request, flow, proof);
  if (!notice) {
    co_return store_failure(provider, request, route, notice.error());
  }
  auto prepared = co_await prepare_sign_in(provider, request, std::move(proof),
                                           flow.form.value_or("client_id", ""));
  if (!prepared) {
    co_return store_failure(provider, request, route, prepared.error());
  }
  prepared->command.notice = std::move(*notice);
  const auto now = prepared->command.auth_time;
  auto outcome = co_await provider.store.sign_in(std::move(prepared->command), actor, now);
  if (!outcome) {
    co_return store_failure(provider, request, route, outcome.error());
  }
  if (*outcome != store::SignInOutcome::signed_in) co_return std::unexpected(*outcome);
  co_return co_await go_on_signed_in(provider, request, std::move(flow),
                                     std::move(prepared->session), std::move(route));
}

}  // namespace server::signin

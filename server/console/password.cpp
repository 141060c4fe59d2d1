#include <algorithm>

#include "server/account/password_sign_in.h"
#include "server/console/pages.h"
#include "server/console/person.h"
#include "server/page/people_pages.h"
#include "server/provider/failure.h"
#include "server/signin/browser_state.h"
#include "server/signin/complete.h"
#include "server/signin/device.h"
#include "server/signin/notice_mail.h"
#include "server/signin/own_flow.h"
#include "server/signin/own_seal.h"

namespace server::console {
namespace {

using http::Request;
using http::Response;
using page::FormNotice;
using provider::Provider;

constexpr const char* kPage = "/account/password";
constexpr const char* kSecurity = "/account/security";
constexpr std::string_view kForm = "password";

struct Loaded {
  Person person;
  bool has_password = false;
};

// Whoever has a password must know it; who has none must have signed in just now.
runtime::Task<std::expected<Loaded, Response>> load(const Provider& provider,
                                                    const Request& request) {
  auto person = co_await load_person(provider, request, kPage);
  if (!person) co_return std::unexpected(std::move(person.error()));
  bool has_password = false;
  if (!person->account.user.emails.empty()) {
    const auto record =
        co_await provider.store.find_password(person->account.user.emails.front().fold);
    if (!record) {
      co_return std::unexpected(store_failure(provider, request, kPage, record.error()));
    }
    has_password = *record && !(*record)->phc.empty();
  }
  if (!has_password) {
    person = co_await load_fresh_person(provider, request, kPage);
    if (!person) co_return std::unexpected(std::move(person.error()));
  }
  co_return Loaded{std::move(*person), has_password};
}

Response show(const Provider& provider, const Request& request, const Loaded& loaded,
              FormNotice notice, int status) {
  page::ChangePasswordView view;
  view.frame = frame_of(provider, request, loaded.person);
  view.t = form_seal(provider, loaded.person, kForm);
  view.has_password = loaded.has_password;
  view.min_length = provider.passwords.min_length();
  view.wrong_password = notice.key == "account_password_wrong";
  if (!notice.key.empty()) view.frame.notice = std::move(notice);
  return page::account_password(provider.pages, view, status);
}

// Checks the present password as a sign-in does, throttle and all. Nothing: it is right.
runtime::Task<std::optional<Response>> refuse_wrong(const Provider& provider,
                                                    const Request& request, const Loaded& loaded,
                                                    oidc::Password password) {
  const auto& config = provider.config;
  const auto now = provider.now();
  auto outcome = co_await account::attempt_password(
      provider.store, provider.passwords, provider.keys.purpose_key("throttle"),
      {.account = config.throttle_account_attempts,
       .account_daily = config.throttle_account_daily_attempts,
       .address = config.throttle_address_attempts,
       .site = config.throttle_site_attempts,
       .window = config.throttle_window},
      {.email = loaded.person.account.user.primary_email(),
       .password = std::move(password),
       .client_address = request.client_address,
       .device = signin::read_device(provider, request)},
      now);
  if (const auto* accepted = std::get_if<account::Accepted>(&outcome)) {
    auto returned = co_await provider.store.give_back(accepted->give_back);
    if (!returned) co_return store_failure(provider, request, kPage, returned.error());
    co_return std::nullopt;
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return store_failure(provider, request, kPage, *error);
  }
  const auto note = [&](std::string detail, int status) {
    return record_failure(provider, request, kPage,
                          {oidc::OAuthErrorCode::access_denied,
                           "The change of the password was refused.", std::move(detail)},
                          status);
  };
  if (const auto* throttled = std::get_if<account::Throttled>(&outcome)) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(throttled->retry_at - now);
    co_return show(provider, request, loaded,
                   {.key = "signup_throttled",
                    .event_id = note("throttle: too many attempts", 429),
                    .retry_after_s = std::max<std::int64_t>(1, wait.count())},
                   429);
  }
  if (std::holds_alternative<account::Busy>(outcome)) {
    co_return show(provider, request, loaded, {.key = "signup_busy", .retry_after_s = 1}, 503);
  }
  co_return show(provider, request, loaded,
                 {.key = "account_password_wrong", .event_id = note("password: wrong", 422)}, 422);
}

// Every session has ended, also this one, whose cookie a thief may have: the person gets a new one.
runtime::Task<Response> sign_in_anew(const Provider& provider, const Request& request,
                                     const Person& person, const std::string& written) {
  auto flow = signin::make_own_flow(
      provider,
      signin::own_page_with_notice(provider, kSecurity, person.id(), "account_password_changed"));
  const auto record =
      co_await provider.store.find_password(person.account.user.emails.front().fold);
  if (!record) co_return store_failure(provider, request, kPage, record.error());
  if (!*record) co_return Response::redirect(kSecurity);
  auto proof = signin::password_proof(person.id());
  proof.authenticator_id = (*record)->authenticator_id;
  proof.expected_phc = written;
  auto done = co_await signin::complete_sign_in(provider, request, std::move(flow),
                                                std::move(proof), kPage);
  // Changed once more in this very moment, by another: the person signs in.
  if (!done) co_return Response::redirect(kSecurity);
  co_return std::move(*done);
}

}  // namespace

runtime::Task<Response> get_password(const Provider& provider, Request request) {
  const auto loaded = co_await load(provider, request);
  if (!loaded) co_return loaded.error();
  co_return show(provider, request, *loaded, {}, 200);
}

runtime::Task<Response> post_password(const Provider& provider, Request request) {
  const auto loaded = co_await load(provider, request);
  if (!loaded) co_return loaded.error();
  const auto& person = loaded->person;
  const auto fields = own_fields(provider, request, person, kForm);
  if (!fields) co_return to_own_page(provider, person, kPage);
  oidc::Password password(fields->value_or("new_password", ""));
  const auto breach =
      provider.passwords.policy_breach(password, signin::personal_words(person.account.user));
  if (!breach.empty()) {
    co_return show(
        provider, request, *loaded,
        {.key = breach, .values = {{"count", std::to_string(provider.passwords.min_length())}}},
        422);
  }
  if (loaded->has_password) {
    auto refused = co_await refuse_wrong(provider, request, *loaded,
                                         oidc::Password(fields->value_or("password", "")));
    if (refused) co_return std::move(*refused);
  }
  auto phc = co_await provider.passwords.hash(std::move(password));
  if (!phc) {
    co_return show(provider, request, *loaded, {.key = "signup_busy", .retry_after_s = 1}, 503);
  }
  const std::string written = *phc;
  auto notice = co_await signin::make_notice(provider, request,
                                             {.kind = mail::MailKind::password_changed,
                                              .user_id = person.id(),
                                              .to = person.account.user.primary_email(),
                                              .language = person.look.language,
                                              .path = "/reset"});
  if (!notice) co_return store_failure(provider, request, kPage, notice.error());
  const auto outcome = co_await provider.store.reset_password(
      0, person.id(), written, std::nullopt, person.actor(request), provider.now(),
      std::move(*notice), person.account.session.id);
  if (!outcome) co_return store_failure(provider, request, kPage, outcome.error());
  if (*outcome != store::AccountOutcome::done) co_return Response::redirect(kSecurity);
  co_return co_await sign_in_anew(provider, request, person, written);
}

}  // namespace server::console

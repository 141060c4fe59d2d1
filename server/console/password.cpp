#include "server/console/pages.h"
#include "server/console/present_password.h"
#include "server/page/people_pages.h"
#include "server/signin/browser_state.h"
#include "server/signin/complete.h"
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

// Whoever has a password may change it, even where passwords are no way in any more.
bool is_of_use(const Provider& provider, const AskedPerson& asked) {
  return asked.by_password || uses_passwords(provider);
}

Response show(const Provider& provider, const Request& request, const AskedPerson& asked,
              FormNotice notice, int status) {
  page::ChangePasswordView view;
  view.frame = frame_of(provider, request, asked.person);
  view.t = form_seal(provider, asked.person, kForm);
  view.has_password = asked.by_password;
  view.min_length = provider.passwords.min_length();
  if (!notice.key.empty()) view.frame.notice = std::move(notice);
  return page::account_password(provider.pages, view, status);
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
  proof.is_told = true;  // by the mail on the new password
  auto done = co_await signin::complete_sign_in(provider, request, std::move(flow),
                                                std::move(proof), kPage);
  // Changed once more in this very moment, by another: the person signs in.
  if (!done) co_return Response::redirect(kSecurity);
  co_return std::move(*done);
}

}  // namespace

runtime::Task<Response> get_password(const Provider& provider, Request request) {
  const auto asked = co_await load_asked_person(provider, request, kPage, AskedFor::always);
  if (!asked) co_return asked.error();
  if (!is_of_use(provider, *asked)) co_return to_own_page(provider, asked->person, kSecurity);
  co_return show(provider, request, *asked, {}, 200);
}

runtime::Task<Response> post_password(const Provider& provider, Request request) {
  const auto asked = co_await load_asked_person(provider, request, kPage, AskedFor::always);
  if (!asked) co_return asked.error();
  const auto& person = asked->person;
  if (!is_of_use(provider, *asked)) co_return to_own_page(provider, person, kSecurity);
  const auto fields = own_fields(provider, request, person, kForm);
  if (!fields) co_return to_own_page(provider, person, kPage);
  oidc::Password password(fields->value_or("new_password", ""));
  auto weak = signin::refuse_weak(provider, password, signin::personal_words(person.account.user));
  if (!weak.key.empty()) co_return show(provider, request, *asked, std::move(weak), 422);
  auto check = co_await check_password(provider, request, *asked, *fields, kPage);
  if (auto* refused = std::get_if<PasswordRefused>(&check)) {
    co_return show(provider, request, *asked, std::move(refused->notice), refused->status);
  }
  if (auto* failed = std::get_if<Response>(&check)) co_return std::move(*failed);
  auto phc = co_await provider.passwords.hash(std::move(password));
  if (!phc) {
    co_return show(provider, request, *asked, {.key = "signup_busy", .retry_after_s = 1}, 503);
  }
  const std::string& written = *phc;
  auto notice = co_await signin::make_notice(provider, request,
                                             {.kind = mail::MailKind::password_changed,
                                              .user_id = person.id(),
                                              .to = person.account.user.primary_email(),
                                              .language = person.look.language,
                                              .path = "/reset"});
  if (!notice) co_return store_failure(provider, request, kPage, notice.error());
  const auto outcome = co_await provider.store.reset_password(
      0, person.id(), written, person.actor(request), provider.now(), std::move(*notice),
      person.account.session.id);
  if (!outcome) co_return store_failure(provider, request, kPage, outcome.error());
  if (*outcome != store::AccountOutcome::done) co_return Response::redirect(kSecurity);
  co_return co_await sign_in_anew(provider, request, person, written);
}

}  // namespace server::console

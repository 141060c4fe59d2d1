#include "server/console/pages.h"
#include "server/console/present_password.h"
#include "server/observe/log.h"
#include "server/page/people_pages.h"
#include "server/signin/browser_state.h"
#include "server/signin/flow.h"
#include "server/signin/notice_mail.h"

namespace server::console {
namespace {

using http::Request;
using http::Response;
using provider::Provider;

constexpr const char* kPage = "/account/delete";
constexpr std::string_view kForm = "delete";

Response show(const Provider& provider, const Request& request, const AskedPerson& asked,
              page::FormNotice notice, int status) {
  page::DeleteAccountView view;
  view.frame = frame_of(provider, request, asked.person);
  view.t = form_seal(provider, asked.person, kForm);
  view.asks_password = asked.by_password;
  if (!notice.key.empty()) view.frame.notice = std::move(notice);
  return page::account_delete(provider.pages, view, status);
}

}  // namespace

runtime::Task<Response> get_delete(const Provider& provider, Request request) {
  const auto asked = co_await load_asked_person(provider, request, kPage, AskedFor::where_in_use);
  if (!asked) co_return asked.error();
  co_return show(provider, request, *asked, {}, 200);
}

runtime::Task<Response> post_delete(const Provider& provider, Request request) {
  const auto asked = co_await load_asked_person(provider, request, kPage, AskedFor::where_in_use);
  if (!asked) co_return asked.error();
  const auto& person = asked->person;
  const auto fields = own_fields(provider, request, person, kForm);
  if (!fields) co_return to_own_page(provider, person, kPage);
  if (fields->value_or("confirm", "") != "yes") {
    co_return show(provider, request, *asked, {.key = "account_delete_unconfirmed"}, 422);
  }
  auto check = co_await check_password(provider, request, *asked, *fields, kPage);
  if (auto* refused = std::get_if<PasswordRefused>(&check)) {
    co_return show(provider, request, *asked, std::move(refused->notice), refused->status);
  }
  if (auto* failed = std::get_if<Response>(&check)) co_return std::move(*failed);
  auto notice = co_await signin::make_notice(provider, request,
                                             {.kind = mail::MailKind::account_deleted,
                                              .user_id = person.id(),
                                              .to = person.account.user.primary_email(),
                                              .language = person.look.language});
  if (!notice) co_return store_failure(provider, request, kPage, notice.error());
  const auto done =
      co_await provider.store.delete_user(person.id(), person.actor(request), provider.now(),
                                          std::move(*notice), person.account.session.id);
  if (!done) co_return store_failure(provider, request, kPage, done.error());
  // The session has just ended elsewhere: signing in comes first.
  if (!*done) co_return to_own_page(provider, person, kPage);
  observe::log_info("account_deleted",
                    {{"user_id", person.id()}, {"source", request.client_address}});
  auto response = page::account_deleted(provider.pages, person.look);
  std::vector<std::string> cookies;
  signin::renew_browser_state(provider, cookies);
  // Other accounts of this browser stay signed in.
  if (!person.several) cookies.push_back(provider.cookie(signin::kSessionCookie, "", 0));
  for (auto& cookie : cookies) response.add("Set-Cookie", std::move(cookie));
  co_return response;
}

}  // namespace server::console

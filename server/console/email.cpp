#include "server/console/pages.h"
#include "server/console/present_password.h"
#include "server/page/people_pages.h"
#include "server/signin/challenge.h"
#include "server/signin/link_wait.h"
#include "server/signin/own_flow.h"

namespace server::console {
namespace {

using http::Request;
using http::Response;
using page::FormNotice;
using provider::Provider;

constexpr const char* kPage = "/account/email";
constexpr std::string_view kForm = "email";

Response show(const Provider& provider, const Request& request, const AskedPerson& asked,
              std::string typed, FormNotice notice, int status) {
  page::ChangeEmailView view;
  view.frame = frame_of(provider, request, asked.person);
  view.t = form_seal(provider, asked.person, kForm);
  view.asks_password = asked.by_password;
  view.typed = std::move(typed);
  if (!notice.key.empty()) view.frame.notice = std::move(notice);
  return page::account_email(provider.pages, view, status);
}

bool is_primary(const oidc::model::User& user, std::string_view email) {
  const auto fold = oidc::model::fold_email(email);
  return fold && !user.emails.empty() && user.emails.front().fold == *fold;
}

}  // namespace

runtime::Task<Response> get_email(const Provider& provider, Request request) {
  const auto asked = co_await load_asked_person(provider, request, kPage, AskedFor::where_in_use);
  if (!asked) co_return asked.error();
  if (!signin::has_mail(provider)) {
    co_return to_own_page(provider, asked->person, "/account/security");
  }
  co_return show(provider, request, *asked, "", {}, 200);
}

runtime::Task<Response> post_email(const Provider& provider, Request request) {
  const auto asked = co_await load_asked_person(provider, request, kPage, AskedFor::where_in_use);
  if (!asked) co_return asked.error();
  const auto& person = asked->person;
  const auto fields = own_fields(provider, request, person, kForm);
  if (!fields || !signin::has_mail(provider)) co_return to_own_page(provider, person, kPage);
  const auto email = signin::typed_email(*fields);
  if (is_primary(person.account.user, email)) {
    co_return show(provider, request, *asked, email, {.key = "account_email_same"}, 422);
  }
  auto check = co_await check_password(provider, request, *asked, *fields, kPage);
  if (auto* refused = std::get_if<PasswordRefused>(&check)) {
    co_return show(provider, request, *asked, email, std::move(refused->notice), refused->status);
  }
  if (auto* failed = std::get_if<Response>(&check)) co_return std::move(*failed);
  auto flow = signin::make_own_flow(provider, "/account/security");
  auto outcome =
      co_await signin::start_challenge(provider, request,
                                       {.purpose = oidc::model::ChallengePurpose::change_email,
                                        .email = email,
                                        .language = person.look.language,
                                        .user_id = person.id(),
                                        .flow = flow});
  if (const auto* started = std::get_if<signin::ChallengeStarted>(&outcome)) {
    co_return signin::sent_page(provider, std::move(flow), email, *started);
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return store_failure(provider, request, kPage, *error);
  }
  if (const auto* refused = std::get_if<signin::ChallengeRefused>(&outcome)) {
    co_return show(provider, request, *asked, email, {.key = refused->sentence}, 422);
  }
  auto notice =
      signin::refuse_throttled(provider, request, kPage,
                               {oidc::OAuthErrorCode::access_denied,
                                "No further mail is sent for now.", "throttle: too many mails"},
                               std::get<signin::ChallengeThrottled>(outcome).retry_at);
  co_return show(provider, request, *asked, email, std::move(notice), 429);
}

}  // namespace server::console

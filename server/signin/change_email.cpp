#include "server/signin/change_email.h"

#include "oidc/base/text.h"
#include "server/signin/challenge.h"
#include "server/signin/dispatch.h"
#include "server/signin/notice_mail.h"
#include "server/signin/own_seal.h"
#include "server/signin/step_failure.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using provider::Provider;

constexpr const char* kSecurity = "/account/security";

const oidc::model::SessionWithUser* find_person(const std::optional<oidc::model::Browser>& browser,
                                                std::string_view user_id) {
  if (!browser) return nullptr;
  for (const auto& candidate : browser->sessions) {
    if (candidate.user.id == user_id) return &candidate;
  }
  return nullptr;
}

}  // namespace

runtime::Task<Response> finish_email_change(const Provider& provider, const Request& request,
                                            Flow flow, const oidc::model::EmailChallenge& challenge,
                                            std::string route) {
  const auto failure = [&](const store::StoreError& error) {
    return store_failure(provider, request, route, error, &flow);
  };
  const auto browser = co_await load_browser(provider, request);
  if (!browser) co_return failure(browser.error());
  const auto* account = find_person(*browser, challenge.user_id);
  const auto kept = open_challenge(provider, challenge);
  if (!account || !kept || oidc::model::fold_email(kept->email) != challenge.email_fold) {
    co_return Response::redirect(kSecurity);  // signed out in the meantime: leads to sign-in
  }
  const std::string user_id = challenge.user_id;
  const auto with_notice = [&](std::string_view key) {
    const auto& sid = account->session.sid;
    const auto path = browser->value().sessions.size() > 1
                          ? std::string(kSecurity) + "?as=" + oidc::percent_encode(sid)
                          : std::string(kSecurity);
    return Response::redirect(own_page_with_notice(provider, path, user_id, key));
  };
  auto notice = co_await make_notice(provider, request,
                                     {.kind = mail::MailKind::email_changed,
                                      .user_id = user_id,
                                      .to = account->user.primary_email(),
                                      .client_id = challenge.client_id,
                                      .language = kept->language,
                                      .path = "/account"});
  if (!notice) co_return failure(notice.error());
  auto outcome = co_await provider.store.change_email(
      challenge.link.row, user_id,
      {oidc::model::plain_email(kept->email), challenge.email_fold, true},
      {"user:" + user_id, request.client_address}, provider.now(), std::move(*notice));
  if (!outcome) co_return failure(outcome.error());
  co_return with_notice(*outcome == store::AccountOutcome::done ? "account_email_changed"
                                                                : "account_email_failed");
}

}  // namespace server::signin

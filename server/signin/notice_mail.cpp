#include "server/signin/notice_mail.h"

#include "server/mail/compose.h"
#include "server/mail/outbox.h"
#include "server/page/display.h"
#include "server/signin/browser_name.h"
#include "server/signin/ways_in.h"

namespace server::signin {
namespace {

constexpr std::chrono::hours kUseful(72);

}  // namespace

runtime::Task<store::StoreResult<std::optional<store::QueuedMail>>> make_notice(
    const provider::Provider& provider, const http::Request& request, NoticeOrder order) {
  if (!has_mail(provider) || order.to.empty()) co_return std::nullopt;
  const auto now = provider.now();
  mail::MailInput input{.kind = order.kind,
                        .to = order.to,
                        .language = order.language,
                        .application_name = provider.config.service_name};
  if (!order.client_id.empty()) {
    auto client = co_await provider.store.find_client(order.client_id, now);
    if (!client) co_return std::unexpected(client.error());
    if (*client && !(*client)->quarantined) input.application_name = (*client)->display_name();
  }
  for (const auto& id : {order.client_id, std::string()}) {
    auto branding = co_await provider.store.find_branding(id);
    if (!branding) co_return std::unexpected(branding.error());
    if (!*branding) continue;
    const auto& looks = **branding;
    if (!looks.name.empty()) input.application_name = looks.name;
    input.from_name = looks.email_from_name;
    input.reply_to = looks.reply_to_email;
    input.support_email = looks.support_email;
    input.support_url = looks.support_url;
    input.primary_color = looks.primary_color;
    break;
  }
  const auto browser = browser_name(request.header("user-agent").value_or(""));
  input.requester =
      browser.empty() ? request.client_address : browser + ", " + request.client_address;
  input.when = page::date_time(order.language, oidc::to_seconds(now));
  // From the setting, whatever the request says of its host.
  if (!order.path.empty()) input.link = provider.issuer + order.path;
  co_return mail::make_queued(provider.keys, mail::compose(input),
                              {.kind = order.kind,
                               .user_id = order.user_id,
                               .client_id = order.client_id,
                               .created_at = now,
                               .not_after = now + kUseful,
                               .row = provider.store.next_row()});
}

}  // namespace server::signin

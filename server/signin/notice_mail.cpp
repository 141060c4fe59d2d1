#include "server/signin/notice_mail.h"

#include "server/mail/outbox.h"
#include "server/page/display.h"
#include "server/signin/mail_start.h"
#include "server/signin/ways_in.h"

namespace server::signin {
namespace {

constexpr std::chrono::hours kUseful(72);

}  // namespace

runtime::Task<store::StoreResult<std::optional<store::QueuedMail>>> make_notice(
    const provider::Provider& provider, const http::Request& request, NoticeOrder order) {
  if (!has_mail(provider) || order.to.empty()) co_return std::nullopt;
  const auto now = provider.now();
  auto input = co_await start_mail(provider, request, order.client_id, order.language);
  if (!input) co_return std::unexpected(std::move(input.error()));
  input->kind = order.kind;
  input->to = order.to;
  input->when = page::date_time(order.language, oidc::to_seconds(now));
  // From the setting, whatever the request says of its host.
  if (!order.path.empty()) input->link = provider.issuer + order.path;
  co_return mail::make_queued(provider.keys, mail::compose(*input),
                              {.kind = order.kind,
                               .user_id = order.user_id,
                               .client_id = order.client_id,
                               .created_at = now,
                               .not_after = now + kUseful,
                               .row = provider.store.next_row()});
}

}  // namespace server::signin

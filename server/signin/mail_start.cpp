#include "server/signin/mail_start.h"

#include "server/page/display.h"
#include "server/provider/look.h"
#include "server/signin/browser_name.h"

namespace server::signin {

runtime::Task<store::StoreResult<mail::MailInput>> start_mail(const provider::Provider& provider,
                                                              const http::Request& request,
                                                              std::string client_id,
                                                              std::string language) {
  const auto browser = browser_name(request.header("user-agent").value_or(""));
  mail::MailInput input{
      .language = language,
      .application_name = provider.config.service_name,
      .requester = page::requester_text(language, browser, request.client_address)};
  if (!client_id.empty()) {
    const auto client = co_await provider.store.find_client(client_id, provider.now());
    if (!client) co_return std::unexpected(client.error());
    if (*client && !(*client)->quarantined) input.application_name = (*client)->display_name();
  }
  const auto brand = co_await provider::find_brand(provider, std::move(client_id));
  if (!brand) co_return std::unexpected(brand.error());
  if (!brand->record) co_return input;
  const auto& looks = *brand->record;
  if (!looks.name.empty()) input.application_name = looks.name;
  input.from_name = looks.email_from_name;
  input.reply_to = looks.reply_to_email;
  input.support_email = looks.support_email;
  input.support_url = looks.support_url;
  input.primary_color = looks.primary_color;
  co_return input;
}

}  // namespace server::signin

#include "server/provider/look.h"

#include "server/provider/brand_files.h"
#include "server/provider/failure.h"

namespace server::provider {

runtime::Task<store::StoreResult<BrandInForce>> find_brand(const Provider& provider,
                                                           std::string client_id) {
  auto record = co_await provider.store.find_branding(client_id);
  if (record && !*record && !client_id.empty()) {
    client_id.clear();
    record = co_await provider.store.find_branding(client_id);
  }
  if (!record) co_return std::unexpected(std::move(record.error()));
  co_return BrandInForce{std::move(*record), std::move(client_id)};
}

runtime::Task<page::Look> find_look(const Provider& provider, const http::Request& request,
                                    std::string ui_locales, const oidc::model::Client* client) {
  page::Look look;
  look.language = language_of(provider, request, std::move(ui_locales));
  if (client && client->quarantined) client = nullptr;
  const auto brand = co_await find_brand(provider, client ? client->client_id : std::string());
  if (!brand || !brand->record) co_return look;
  put_branding(look, *brand->record, brand->owner, client ? client->display_name() : std::string());
  co_return look;
}

page::Look last_look(const Provider& provider, const http::Request& request, std::string ui_locales,
                     const std::string& client_id) {
  page::Look look;
  look.language = language_of(provider, request, std::move(ui_locales));
  const auto client = client_id.empty() ? nullptr : provider.store.last_client(client_id);
  const bool own = client && !client->quarantined;
  if (const auto record = own ? provider.store.last_branding(client_id) : nullptr) {
    put_branding(look, *record, client_id, client->display_name());
  } else if (const auto standard = provider.store.last_branding("")) {
    put_branding(look, *standard, "", "");
  }
  return look;
}

void put_branding(page::Look& look, const oidc::model::Branding& branding, const std::string& owner,
                  const std::string& own_name) {
  // With a record of its own, but no name in it, it is the application's page all the same.
  look.name = branding.name.empty() && !owner.empty() ? own_name : branding.name;
  // The hashes are made anew for each page: far less than the page itself costs, and no further
  // copy of the record that could be out of date.
  if (auto file = brand_stylesheet(owner, branding)) look.stylesheet = std::move(file->address);
  if (auto file = brand_logo(owner, branding)) look.logo = std::move(file->address);
  look.support_email = branding.support_email;
  look.support_url = branding.support_url;
}

void use_own_logo(page::ApplicationView& application, const page::Look& look) {
  const auto owner = brand_owner(look.logo);
  if (owner && !owner->empty()) application.logo = look.logo;
}

}  // namespace server::provider

#include "server/provider/look.h"

#include "server/provider/brand_files.h"
#include "server/provider/failure.h"

namespace server::provider {

runtime::Task<page::Look> find_look(const Provider& provider, const http::Request& request,
                                    std::string ui_locales, const oidc::model::Client* client) {
  page::Look look;
  look.language = language_of(provider, request, std::move(ui_locales));
  std::string owner = client ? client->client_id : std::string();
  const std::string own_name = client ? client->display_name() : std::string();
  auto found = co_await provider.store.find_branding(owner);
  if (found && !*found && !owner.empty()) {
    owner.clear();
    found = co_await provider.store.find_branding(owner);
  }
  if (!found || !*found) co_return look;
  put_branding(look, **found, owner, own_name);
  co_return look;
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

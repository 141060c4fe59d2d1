// Owns: how the pages for an application look: their language, and what its branding record says,
// or else the default record.
#pragma once
#include <memory>
#include <string>

#include "oidc/model/branding.h"
#include "oidc/model/client.h"
#include "server/http/message.h"
#include "server/page/application_view.h"
#include "server/page/look.h"
#include "server/provider/provider.h"
#include "server/runtime/task.h"

namespace server::provider {

// The record that an application goes by: its own, or else the default one.
struct BrandInForce {
  std::shared_ptr<const oidc::model::Branding> record;  // null: neither is there
  std::string owner;                                    // as in brand_files.h
};
runtime::Task<store::StoreResult<BrandInForce>> find_brand(const Provider& provider,
                                                           std::string client_id);

// `client` null: a page of ours. The pages for an application that nobody vouched for look like
// ours, too. `ui_locales` as in language_of(). Looks never hold a page up: when the record can't be
// read, the page has our own.
runtime::Task<page::Look> find_look(const Provider& provider, const http::Request& request,
                                    std::string ui_locales = {},
                                    const oidc::model::Client* client = nullptr);

// The same from what was read last, for pages that say that something failed: they ask the database
// for nothing. `client_id` empty: a page of ours. It must come from a request that was found sound.
page::Look last_look(const Provider& provider, const http::Request& request,
                     std::string ui_locales = {}, const std::string& client_id = {});

// What the record says, over what `look` is. `owner` as in brand_files.h; `own_name` is shown for a
// record of an application that names none.
void put_branding(page::Look& look, const oidc::model::Branding& branding, const std::string& owner,
                  const std::string& own_name);

// Shows the logo that was uploaded for the application itself, if there is one, in place of that at
// its logo_uri.
void use_own_logo(page::ApplicationView& application, const page::Look& look);

}  // namespace server::provider

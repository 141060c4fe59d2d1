#include <map>

#include "oidc/base/text.h"
#include "server/console/pages.h"
#include "server/console/person.h"
#include "server/page/display.h"
#include "server/page/people_pages.h"

namespace server::console {
namespace {

using http::Request;
using http::Response;
using provider::Provider;

constexpr const char* kPage = "/account/applications";
constexpr const char* kActivityPage = "/account/activity";
constexpr std::string_view kForm = "application";
constexpr int kMostEvents = 50;

// The words of a consent (oidc::interaction::consent_words) as keys of texts.
std::vector<std::string> items_of(std::string_view words) {
  std::vector<std::string> items;
  for (const auto& word : oidc::split_words(words)) {
    if (word == "openid") continue;
    if (word == "offline_access") {
      items.emplace_back("consent_offline");
      continue;
    }
    constexpr std::string_view kClaim = "claim:";
    const std::string name = word.starts_with(kClaim) ? word.substr(kClaim.size()) : word;
    const std::string key = "item_" + name;
    items.push_back(page::has_text(key) ? key : name);
  }
  return items;
}

std::string key_of(const store::HistoryRow& row) {
  const std::string with_method = "account_history_" + row.what + "_" + row.method;
  if (page::has_text(with_method)) return with_method;
  const std::string key = "account_history_" + row.what;
  return page::has_text(key) ? key : "account_history_other";
}

}  // namespace

runtime::Task<Response> get_applications(const Provider& provider, Request request) {
  const auto person = co_await load_person(provider, request, kPage);
  if (!person) co_return person.error();
  const auto allowed = co_await provider.store.list_allowed(person->id());
  if (!allowed) co_return store_failure(provider, request, kPage, allowed.error());
  const auto& language = person->look.language;
  page::ApplicationsView view;
  view.frame = frame_of(provider, request, *person);
  view.t = form_seal(provider, *person, kForm);
  for (const auto& row : *allowed) {
    view.applications.push_back(
        {.client_id = row.client_id,
         .name = row.client_name.empty() ? row.client_id : row.client_name,
         .since = page::date_time(language, oidc::to_seconds(row.since)),
         .last = page::date_time(language, oidc::to_seconds(row.last_at)),
         .items = items_of(row.scope)});
  }
  co_return page::account_applications(provider.pages, view);
}

runtime::Task<Response> post_revoke(const Provider& provider, Request request) {
  const auto person = co_await load_person(provider, request, kPage);
  if (!person) co_return person.error();
  const auto fields = own_fields(provider, request, *person, kForm);
  if (!fields) co_return to_own_page(provider, *person, kPage);
  const auto done = co_await provider.store.revoke_allowed(
      person->id(), fields->value_or("client", ""), person->actor(request), provider.now());
  if (!done) co_return store_failure(provider, request, kPage, done.error());
  co_return to_own_page(provider, *person, kPage, *done ? "account_application_revoked" : "");
}

runtime::Task<Response> get_activity(const Provider& provider, Request request) {
  const auto person = co_await load_person(provider, request, kActivityPage);
  if (!person) co_return person.error();
  const auto history = co_await provider.store.list_history(person->id(), kMostEvents);
  if (!history) co_return store_failure(provider, request, kActivityPage, history.error());
  page::ActivityView view;
  view.frame = frame_of(provider, request, *person);
  std::map<std::string, std::string> names;
  for (const auto& row : *history) {
    auto [name, is_new] = names.try_emplace(row.client_id);
    if (is_new && !row.client_id.empty()) {
      auto client = co_await provider.store.find_client(row.client_id, provider.now());
      if (!client) co_return store_failure(provider, request, kActivityPage, client.error());
      if (*client) name->second = (*client)->display_name();
    }
    view.events.push_back(
        {.what = key_of(row),
         .when = page::date_time(person->look.language, oidc::to_seconds(row.at)),
         .browser = row.browser,
         .address = row.address,
         .application = name->second});
  }
  co_return page::account_activity(provider.pages, view);
}

}  // namespace server::console

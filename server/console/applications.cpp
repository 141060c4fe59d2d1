#include <algorithm>
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
// Of each, so that attacks do not drive off the page what was done.
constexpr int kMostDone = 50, kMostRefused = 20;

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

std::string key_of(const std::string& what, const std::string& method) {
  const std::string key = "account_history_" + what;
  std::string with_method = key + "_" + method;
  if (page::has_text(with_method)) return with_method;
  return page::has_text(key) ? key : "account_history_other";
}

using Event = page::ActivityView::Event;

struct TimedEvent {
  oidc::TimePoint at{};
  Event event;
};

std::string shown(const Person& person, oidc::TimePoint at) {
  return page::date_time(person.look.language, oidc::to_seconds(at));
}

// The name of each application is asked for once.
runtime::Task<store::StoreResult<std::vector<TimedEvent>>> load_done(const Provider& provider,
                                                                     const Person& person) {
  const auto history = co_await provider.store.list_history(person.id(), kMostDone);
  if (!history) co_return std::unexpected(history.error());
  std::vector<TimedEvent> events;
  std::map<std::string, std::string> names;
  for (const auto& row : *history) {
    auto [name, is_new] = names.try_emplace(row.client_id);
    if (is_new && !row.client_id.empty()) {
      const auto client = co_await provider.store.find_client(row.client_id, provider.now());
      if (!client) co_return std::unexpected(client.error());
      if (*client) name->second = (*client)->display_name();
    }
    events.push_back({row.at, Event{.what = key_of(row.what, row.method),
                                    .when = shown(person, row.at),
                                    .since = {},
                                    .browser = row.browser,
                                    .address = row.address,
                                    .application = name->second}});
  }
  co_return events;
}

runtime::Task<store::StoreResult<std::vector<TimedEvent>>> load_refused(const Provider& provider,
                                                                        const Person& person) {
  const auto rows = co_await provider.store.list_refused_sign_ins(person.id(), kMostRefused);
  if (!rows) co_return std::unexpected(rows.error());
  std::vector<TimedEvent> events;
  for (const auto& row : *rows) {
    auto when = shown(person, row.last_at);
    auto since = shown(person, row.first_at);
    if (since == when) since.clear();
    events.push_back({row.last_at, Event{.what = key_of("sign_in_refused", row.method),
                                         .when = std::move(when),
                                         .since = std::move(since),
                                         .browser = row.browser,
                                         .address = row.address,
                                         .application = {},
                                         // Of those held back not each is counted.
                                         .attempts = row.method == "throttled" ? 1 : row.attempts,
                                         .elsewhere = row.address.empty()}});
  }
  co_return events;
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
    view.applications.push_back({.client_id = row.client_id,
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
  const auto done = co_await load_done(provider, *person);
  if (!done) co_return store_failure(provider, request, kActivityPage, done.error());
  const auto refused = co_await load_refused(provider, *person);
  if (!refused) co_return store_failure(provider, request, kActivityPage, refused.error());
  std::vector<TimedEvent> events;
  std::ranges::merge(*done, *refused, std::back_inserter(events), std::ranges::greater(),
                     &TimedEvent::at, &TimedEvent::at);
  page::ActivityView view;
  view.frame = frame_of(provider, request, *person);
  for (auto& timed : events) view.events.push_back(std::move(timed.event));
  co_return page::account_activity(provider.pages, view);
}

}  // namespace server::console

#include <algorithm>

#include "server/console/pages.h"
#include "server/console/present_password.h"
#include "server/page/display.h"
#include "server/page/people_pages.h"
#include "server/signin/ways_in.h"

namespace server::console {
namespace {

using http::Request;
using http::Response;
using oidc::model::Session;
using provider::Provider;

constexpr const char* kPage = "/account/security";
constexpr std::string_view kEnd = "session";
constexpr std::string_view kEndOthers = "sessions";
constexpr std::size_t kMostShown = 50;

runtime::Task<store::StoreResult<std::vector<Session>>> sessions_of(const Provider& provider,
                                                                    const Person& person) {
  co_return co_await provider.store.list_sessions(person.id(), provider.now(),
                                                  provider.config.session_idle_lifetime);
}

page::SecurityView::Session shown(const Session& session, const Person& person) {
  const auto& language = person.look.language;
  return {.sid = session.sid,
          .browser = session.browser,
          .address = session.address,
          .since = page::date_time(language, oidc::to_seconds(session.auth_time)),
          .seen = page::date_time(language, oidc::to_seconds(session.last_seen_at)),
          .here = session.id == person.account.session.id};
}

}  // namespace

runtime::Task<Response> get_security(const Provider& provider, Request request) {
  const auto person = co_await load_person(provider, request, kPage);
  if (!person) co_return person.error();
  const auto fail = [&](const store::StoreError& error) {
    return store_failure(provider, request, kPage, error);
  };
  page::SecurityView view;
  view.frame = frame_of(provider, request, *person);
  view.end_t = form_seal(provider, *person, kEnd);
  view.end_others_t = form_seal(provider, *person, kEndOthers);
  view.with_mail = signin::has_mail(provider);
  view.with_password = uses_passwords(provider);
  const auto has = co_await has_password(provider, person->account.user);
  if (!has) co_return fail(has.error());
  view.has_password = *has;
  view.with_password |= view.has_password;
  const auto sessions = co_await sessions_of(provider, *person);
  if (!sessions) co_return fail(sessions.error());
  // This one first; the newest of the others after it.
  for (const bool here : {true, false}) {
    for (const auto& session : *sessions) {
      auto row = shown(session, *person);
      if (row.here == here && view.sessions.size() < kMostShown) {
        view.sessions.push_back(std::move(row));
      }
    }
  }
  co_return page::account_security(provider.pages, view);
}

runtime::Task<Response> post_end_session(const Provider& provider, Request request) {
  const auto person = co_await load_person(provider, request, kPage);
  if (!person) co_return person.error();
  const auto fields = own_fields(provider, request, *person, kEnd);
  if (!fields) co_return to_own_page(provider, *person, kPage);
  const auto sid = fields->value_or("session", "");
  const auto sessions = co_await sessions_of(provider, *person);
  if (!sessions) co_return store_failure(provider, request, kPage, sessions.error());
  const auto found = std::ranges::find(*sessions, sid, &Session::sid);
  // Ended already: the page shows that it is gone.
  if (found == sessions->end()) co_return to_own_page(provider, *person, kPage);
  const auto done = co_await provider.store.end_session(person->id(), found->id,
                                                        person->actor(request), provider.now());
  if (!done) co_return store_failure(provider, request, kPage, done.error());
  co_return to_own_page(provider, *person, kPage, "account_session_ended");
}

runtime::Task<Response> post_end_others(const Provider& provider, Request request) {
  const auto person = co_await load_person(provider, request, kPage);
  if (!person) co_return person.error();
  if (!own_fields(provider, request, *person, kEndOthers)) {
    co_return to_own_page(provider, *person, kPage);
  }
  const auto sessions = co_await sessions_of(provider, *person);
  if (!sessions) co_return store_failure(provider, request, kPage, sessions.error());
  for (const auto& session : *sessions) {
    if (session.id == person->account.session.id) continue;
    const auto done = co_await provider.store.end_session(person->id(), session.id,
                                                          person->actor(request), provider.now());
    if (!done) co_return store_failure(provider, request, kPage, done.error());
  }
  co_return to_own_page(provider, *person, kPage, "account_sessions_ended");
}

}  // namespace server::console

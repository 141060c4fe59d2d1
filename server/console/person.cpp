#include "server/console/person.h"

#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "server/provider/failure.h"
#include "server/provider/look.h"
#include "server/signin/dispatch.h"
#include "server/signin/own_flow.h"
#include "server/signin/own_seal.h"

namespace server::console {

using http::Request;
using http::Response;
using provider::Provider;

namespace {

std::string name_of(const oidc::model::User& user) {
  const auto claims = oidc::parse_json_object(user.claims.empty() ? "{}" : user.claims);
  return claims ? oidc::string_member(*claims, "name").value_or("") : "";
}

runtime::Task<Response> to_sign_in(const Provider& provider, const Request& request,
                                   std::string own_page, bool fresh) {
  auto flow = signin::make_own_flow(provider, own_page);
  if (fresh) flow.form.set("prompt", "login");
  co_return co_await signin::dispatch(provider, request,
                                      {.flow = std::move(flow), .route = std::move(own_page)});
}

std::string query_value(const Request& request, std::string_view name) {
  const auto query = oidc::Form::parse(request.query);
  return query ? query->value_or(name, "") : "";
}

std::string owner_of(const Person& person) {
  return std::to_string(person.account.session.id);
}

}  // namespace

Response store_failure(const Provider& provider, const Request& request, std::string_view route,
                       const store::StoreError& error) {
  return page_failure(provider, request, route, provider::to_oauth_error(error));
}

runtime::Task<std::expected<Person, Response>> load_person(const Provider& provider,
                                                           const Request& request,
                                                           std::string own_page) {
  auto browser = co_await signin::load_browser(provider, request);
  if (!browser) {
    co_return std::unexpected(store_failure(provider, request, own_page, browser.error()));
  }
  if (!*browser || (*browser)->sessions.empty()) {
    co_return std::unexpected(
        co_await to_sign_in(provider, request, std::move(own_page), /*fresh=*/false));
  }
  const auto& sessions = (*browser)->sessions;
  const auto* chosen = &sessions.front();
  const auto as = query_value(request, "as");
  for (const auto& candidate : sessions) {
    if (candidate.session.sid == as) chosen = &candidate;
  }
  Person person{.account = *chosen, .several = sessions.size() > 1, .query = {}, .look = {}};
  if (person.several) person.query = "?as=" + oidc::percent_encode(chosen->session.sid);
  person.look = co_await provider::find_look(provider, request);
  co_return person;
}

runtime::Task<std::expected<Person, Response>> load_fresh_person(const Provider& provider,
                                                                 const Request& request,
                                                                 std::string own_page) {
  auto person = co_await load_person(provider, request, own_page);
  if (!person) co_return person;
  if (provider.now() - person->account.session.auth_time > kFresh) {
    co_return std::unexpected(co_await to_sign_in(
        provider, request, std::move(own_page) + person->query, /*fresh=*/true));
  }
  co_return person;
}

page::AccountFrame frame_of(const Provider& provider, const Request& request,
                            const Person& person) {
  page::AccountFrame frame;
  frame.look = person.look;
  frame.name = name_of(person.account.user);
  frame.email = person.account.user.primary_email();
  frame.query = person.query;
  frame.several = person.several;
  frame.notice.key = signin::open_notice(provider, person.id(), query_value(request, "n"));
  frame.notice.is_error = frame.notice.key.ends_with("_failed");
  return frame;
}

std::string form_seal(const Provider& provider, const Person& person, std::string_view kind) {
  return signin::seal_own(provider, "console " + std::string(kind), owner_of(person));
}

std::optional<oidc::Form> own_fields(const Provider& provider, const Request& request,
                                     const Person& person, std::string_view kind) {
  if (request.media_type() != "application/x-www-form-urlencoded" ||
      !signin::is_from_our_page(provider, request)) {
    return std::nullopt;
  }
  auto fields = oidc::Form::parse(request.body);
  if (!fields) return std::nullopt;
  if (!signin::open_own(provider, "console " + std::string(kind), owner_of(person),
                        fields->value_or("t", ""))) {
    return std::nullopt;
  }
  return std::move(*fields);
}

Response to_own_page(const Provider& provider, const Person& person, std::string_view path,
                     std::string_view notice) {
  const auto address = std::string(path) + person.query;
  if (notice.empty()) return Response::redirect(address);
  return Response::redirect(signin::own_page_with_notice(provider, address, person.id(), notice));
}

}  // namespace server::console

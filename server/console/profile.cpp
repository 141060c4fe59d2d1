#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "server/console/pages.h"
#include "server/console/person.h"
#include "server/page/people_pages.h"
#include "server/signin/own_flow.h"

namespace server::console {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;
using provider::Provider;

constexpr const char* kPage = "/account";
constexpr std::string_view kForm = "profile";
constexpr std::size_t kLongest = 100;  // characters
constexpr std::size_t kMostShown = 300;

// What people may say of themselves. The rest is the operator's: applications may decide by it.
constexpr std::array<const char*, 4> kOwn = {"name", "given_name", "family_name", "nickname"};

json claims_of(const oidc::model::User& user) {
  const auto claims = oidc::parse_json_object(user.claims.empty() ? "{}" : user.claims);
  return claims ? *claims : json::object();
}

std::string shown(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("formatted") && value["formatted"].is_string()) {
    return value["formatted"].get<std::string>();
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string key_of(const std::string& claim) {
  if (claim == "profile") return "item_profile_page";
  const std::string key = "item_" + claim;
  return page::has_text(key) ? key : claim;
}

page::ProfileView view_of(const Provider& provider, const Request& request, const Person& person) {
  const auto claims = claims_of(person.account.user);
  page::ProfileView view;
  view.frame = frame_of(provider, request, person);
  view.t = form_seal(provider, person, kForm);
  view.name = oidc::string_member(claims, "name").value_or("");
  view.given_name = oidc::string_member(claims, "given_name").value_or("");
  view.family_name = oidc::string_member(claims, "family_name").value_or("");
  view.nickname = oidc::string_member(claims, "nickname").value_or("");
  for (const auto& [claim, value] : claims.items()) {
    if (std::ranges::find(kOwn, claim) != kOwn.end() || value.is_null()) continue;
    if (claim.ends_with("_verified") || claim == "updated_at") continue;
    view.facts.emplace_back(key_of(claim), shown(value).substr(0, kMostShown));
  }
  return view;
}

bool is_sound(std::string_view text) {
  const auto characters =
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0) != 0x80; });
  const bool plain =
      std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  return plain && oidc::is_clean_utf8(text) && static_cast<std::size_t>(characters) <= kLongest;
}

}  // namespace

runtime::Task<Response> get_profile(const Provider& provider, Request request) {
  const auto person = co_await load_person(provider, request, kPage);
  if (!person) co_return person.error();
  co_return page::account_profile(provider.pages, view_of(provider, request, *person));
}

runtime::Task<Response> post_profile(const Provider& provider, Request request) {
  const auto person = co_await load_person(provider, request, kPage);
  if (!person) co_return person.error();
  const auto fields = own_fields(provider, request, *person, kForm);
  if (!fields) co_return to_own_page(provider, *person, kPage);
  auto claims = claims_of(person->account.user);
  for (const char* name : kOwn) {
    const std::string value(oidc::trim(fields->value_or(name, "")));
    if (!is_sound(value)) {
      auto view = view_of(provider, request, *person);
      view.frame.notice = {.key = "account_profile_refused"};
      co_return page::account_profile(provider.pages, view, 422);
    }
    if (value.empty()) {
      claims.erase(name);
    } else {
      claims[name] = value;
    }
  }
  const auto done = co_await provider.store.set_claims(person->id(), claims.dump(),
                                                       person->actor(request), provider.now());
  if (!done) co_return store_failure(provider, request, kPage, done.error());
  co_return to_own_page(provider, *person, kPage, "account_profile_saved");
}

runtime::Task<Response> get_switch(const Provider& provider, Request request) {
  co_return signin::to_page(provider, request, "/choose", signin::make_own_flow(provider, kPage));
}

}  // namespace server::console

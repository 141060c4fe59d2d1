// Owns: who a person's own pages are for: the account of this browser's session, and the forms that
// are bound to it. Whoever is not signed in is led to the sign-in page and back.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/form.h"
#include "oidc/model/session.h"
#include "server/http/message.h"
#include "server/page/people_views.h"
#include "server/provider/provider.h"

namespace server::console {

// How long after a sign-in things can be done that a thief must not do.
inline constexpr std::chrono::minutes kFresh(10);

struct Person {
  oidc::model::SessionWithUser account;
  bool several = false;  // accounts in this browser
  std::string query;     // "?as=…" where there are several, for addresses of these pages
  page::Look look;

  const std::string& id() const { return account.user.id; }
  store::Actor actor(const http::Request& request) const {
    return {"user:" + account.user.id, request.client_address};
  }
};

// The account that "as" in the query names, else the one that signed in last. The error branch is
// the finished answer: after signing in the person comes back to `own_page`.
runtime::Task<std::expected<Person, http::Response>> load_person(const provider::Provider& provider,
                                                                 const http::Request& request,
                                                                 std::string own_page);

// The same, and the sign-in must be fresh.
runtime::Task<std::expected<Person, http::Response>> load_fresh_person(
    const provider::Provider& provider, const http::Request& request, std::string own_page);

// What these pages are told of their person, with the notice of the query.
page::AccountFrame frame_of(const provider::Provider& provider, const http::Request& request,
                            const Person& person);

// The hidden field "t" of a form of this kind, for this session alone.
std::string form_seal(const provider::Provider& provider, const Person& person,
                      std::string_view kind);
// The fields of such a form; nothing when it is not ours, or of another session or kind.
std::optional<oidc::Form> own_fields(const provider::Provider& provider,
                                     const http::Request& request, const Person& person,
                                     std::string_view kind);

// The redirect to one of these pages, with a notice (a key of texts) if it is not empty.
http::Response to_own_page(const provider::Provider& provider, const Person& person,
                           std::string_view path, std::string_view notice = {});

http::Response store_failure(const provider::Provider& provider, const http::Request& request,
                             std::string_view route, const store::StoreError& error);

}  // namespace server::console

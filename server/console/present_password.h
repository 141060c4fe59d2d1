// Owns: that it is the person who asks, before what a thief of a session must not do: they type
// their present password, or where they have none, signed in just now.
#pragma once
#include <expected>
#include <string>
#include <variant>

#include "oidc/base/secret.h"
#include "server/console/person.h"

namespace server::console {

// People sign in with passwords here, whatever the rules of single applications.
bool uses_passwords(const provider::Provider& provider);

// `user` has a password, of use here or not.
runtime::Task<store::StoreResult<bool>> has_password(const provider::Provider& provider,
                                                     const oidc::model::User& user);

struct AskedPerson {
  Person person;
  bool by_password = false;  // the form has the field "password"
};

// When a password that the person has is asked for: always; or only while people sign in with
// passwords here, because they can't get a new one otherwise.
enum class AskedFor { always, where_in_use };

// The person of `own_page`, and by what they are asked. The error branch is the finished answer.
runtime::Task<std::expected<AskedPerson, http::Response>> load_asked_person(
    const provider::Provider& provider, const http::Request& request, std::string own_page,
    AskedFor asked);

// Why not, to be shown with the form. A store that fails is a finished answer.
struct PasswordRefused {
  page::FormNotice notice;
  int status = 422;
};
struct PasswordRight {};
using PasswordCheck = std::variant<PasswordRight, PasswordRefused, http::Response>;
// Checks the field "password" as a sign-in does, throttle and all; right at once where none is
// asked for.
runtime::Task<PasswordCheck> check_password(const provider::Provider& provider,
                                            const http::Request& request, const AskedPerson& asked,
                                            const oidc::Form& fields, std::string own_page);

}  // namespace server::console

// Owns: what an operator can do with clients and people, as one set of operations for the command
// line and the API. Rules are those of the pages: password policy, redirect URIs, claims.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/base/secret.h"
#include "oidc/model/client.h"
#include "oidc/model/user.h"
#include "server/account/passwords.h"
#include "server/runtime/task.h"
#include "server/store/store.h"

namespace server::admin {

// An error for the operator: one sentence.
template <class T>
using AdminResult = std::expected<T, std::string>;

struct NewClient {
  std::string metadata_json = "{}";  // RFC 7591 fields
  bool first_party = false;
  bool pkce_required = true;
};
struct AddedClient {
  oidc::model::Client client;
  oidc::ClientSecret secret;  // empty for public clients; shown once
};
runtime::Task<AdminResult<AddedClient>> add_client(store::Store& store, NewClient input,
                                                   store::Actor actor, oidc::TimePoint now);
// RFC 7591 §3.2.1: metadata, with the secret when given.
nlohmann::json describe(const oidc::model::Client& client, const oidc::ClientSecret* secret);

struct NewPerson {
  std::string email, name;
  bool email_verified = false;
  std::string claims_json;  // empty: none
  oidc::Password password;  // empty: no password
};
runtime::Task<AdminResult<oidc::model::User>> add_user(store::Store& store,
                                                       account::Passwords& passwords,
                                                       NewPerson input, store::Actor actor,
                                                       oidc::TimePoint now);
nlohmann::json describe(const oidc::model::User& user);

runtime::Task<AdminResult<oidc::model::User>> find_user(store::Store& store, std::string email);
enum class UserChange { disable, enable, sign_out };
runtime::Task<AdminResult<oidc::model::User>> change_user(store::Store& store, std::string email,
                                                          UserChange change, store::Actor actor,
                                                          oidc::TimePoint now);
runtime::Task<AdminResult<oidc::model::User>> set_password(store::Store& store,
                                                           account::Passwords& passwords,
                                                           std::string email,
                                                           oidc::Password password,
                                                           store::Actor actor, oidc::TimePoint now);

std::string say(const store::StoreError& error);

}  // namespace server::admin

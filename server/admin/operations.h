// Owns: what an operator can do with clients, tokens that register them, and people, as one set of
// operations for the command line and the API. Rules are those of the pages: password policy,
// redirect URIs, claims.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/base/secret.h"
#include "oidc/metadata/client_credentials.h"
#include "oidc/metadata/features.h"
#include "oidc/model/client.h"
#include "oidc/model/user.h"
#include "server/account/passwords.h"
#include "server/runtime/task.h"
#include "server/store/store.h"

namespace server::admin {

// An error for the operator: one sentence.
template <class T>
using AdminResult = std::expected<T, std::string>;

using oidc::metadata::SealClientSecret;

// Which ways of signing in people have at one application, as in Client. Empty: what the settings
// say.
struct SignInRules {
  std::string login_method;
  std::optional<bool> self_signup;
  std::string required_acr;
};

struct NewClient {
  std::string metadata_json = "{}";  // RFC 7591 fields
  bool first_party = false;
  bool pkce_required = true;
  SignInRules rules{};
  oidc::metadata::Features features{};
  SealClientSecret seal_client_secret{};  // needed for client_secret_jwt only
};
struct AddedClient {
  oidc::model::Client client;
  oidc::ClientSecret secret;  // empty for public clients; shown once
};
runtime::Task<AdminResult<AddedClient>> add_client(store::Store& store, NewClient input,
                                                   store::Actor actor, oidc::TimePoint now);
// RFC 7591 §3.2.1: metadata, with the secret when given.
nlohmann::json describe(const oidc::model::Client& client, const oidc::ClientSecret* secret);

// Lets whoever has it register clients at /register (RFC 7591 §3).
struct NewInitialAccess {
  std::int64_t uses = 1;
  std::chrono::milliseconds lifetime = std::chrono::days(7);
  std::string label;  // for the operator; may be empty
};
struct AddedInitialAccess {
  store::InitialAccessToken token;
  oidc::ClientSecret text;  // shown once
};
runtime::Task<AdminResult<AddedInitialAccess>> add_initial_access(store::Store& store,
                                                                  NewInitialAccess input,
                                                                  store::Actor actor,
                                                                  oidc::TimePoint now);
// "usable", "used up", "expired" or "revoked".
std::string_view state_of(const store::InitialAccessToken& token, oidc::TimePoint now);
// Without the token itself.
nlohmann::json describe(const store::InitialAccessToken& token, oidc::TimePoint now);

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

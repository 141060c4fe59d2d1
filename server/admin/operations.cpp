#include "server/admin/operations.h"

#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/crypto/opaque_credential.h"
#include "oidc/crypto/random.h"
#include "oidc/metadata/client_credentials.h"
#include "oidc/metadata/client_metadata.h"
#include "oidc/metadata/scope.h"
#include "oidc/token/claims.h"

namespace server::admin {
namespace {

using store::StoreFault;

constexpr std::int64_t kMostUses = 1'000'000;

// Registration over the network leaves unknown scopes out; an operator's typo is said instead.
AdminResult<void> check_scope(const nlohmann::json& metadata) {
  const auto scope = oidc::string_member(metadata, "scope").value_or("");
  for (const auto& word : oidc::split_words(scope)) {
    if (oidc::metadata::is_known_scope(word)) continue;
    return std::unexpected("The field scope holds a scope that this server does not know: " +
                           oidc::to_description(word));
  }
  return {};
}

AdminResult<void> check_name(const std::string& name) {
  if (name.size() > 200 || !oidc::is_clean_utf8(name)) {
    return std::unexpected("The name must be valid UTF-8 of at most 200 bytes.");
  }
  return {};
}

// The standard claims as stored: those of the file, and the name.
AdminResult<std::string> merge_claims(const NewPerson& input) {
  auto checked = oidc::token::check_claims(input.claims_json.empty() ? "{}" : input.claims_json);
  if (!checked) return std::unexpected(checked.error().description);
  auto claims = oidc::parse_json_object(*checked);
  if (!input.name.empty()) (*claims)["name"] = input.name;
  return claims->dump();
}

}  // namespace

std::string say(const store::StoreError& error) {
  switch (error.fault) {
    case StoreFault::conflict:
      return "It exists already.";
    case StoreFault::unavailable:
      return "The database does not answer: " + error.detail;
    case StoreFault::overloaded:
      return "The database is busy: try again.";
    case StoreFault::failed:
      break;
  }
  return "The database refused: " + error.detail;
}

runtime::Task<AdminResult<AddedClient>> add_client(store::Store& store, NewClient input,
                                                   store::Actor actor, oidc::TimePoint now) {
  const auto metadata = oidc::parse_json_object(input.metadata_json);
  if (!metadata) {
    co_return std::unexpected(
        "The metadata must be one JSON object of at most 64 KB, without repeated names.");
  }
  if (auto sound = check_scope(*metadata); !sound) co_return std::unexpected(sound.error());
  auto client = oidc::metadata::parse_client_metadata(*metadata, input.features);
  if (!client) co_return std::unexpected(client.error().description);
  AddedClient added{std::move(*client), {}};
  added.client.client_id = oidc::metadata::make_client_id();
  added.client.first_party = input.first_party;
  added.client.pkce_required = input.pkce_required || added.client.is_public();
  added.client.login_method = std::move(input.rules.login_method);
  added.client.self_signup = input.rules.self_signup;
  added.client.required_acr = std::move(input.rules.required_acr);
  added.client.created_at = now;
  auto secret = oidc::metadata::issue_client_secret(added.client, input.seal_client_secret);
  if (!secret) co_return std::unexpected(secret.error());
  added.secret = std::move(*secret);
  auto done = co_await store.insert_client(added.client, std::move(actor), now);
  if (!done) co_return std::unexpected(say(done.error()));
  co_return added;
}

nlohmann::json describe(const oidc::model::Client& client, const oidc::ClientSecret* secret) {
  auto out = oidc::metadata::to_json(client);
  out["client_id_issued_at"] = oidc::to_seconds(client.created_at);
  out["first_party"] = client.first_party;
  out["pkce_required"] = client.pkce_required;
  if (client.quarantined) out["unverified"] = true;
  // Only what differs from the settings.
  if (!client.login_method.empty()) out["login_method"] = client.login_method;
  if (client.self_signup) out["self_signup"] = *client.self_signup;
  if (!client.required_acr.empty()) out["required_acr"] = client.required_acr;
  if (secret && !secret->empty()) {
    out["client_secret"] = secret->reveal();
    out["client_secret_expires_at"] = 0;
  }
  return out;
}

runtime::Task<AdminResult<AddedInitialAccess>> add_initial_access(store::Store& store,
                                                                  NewInitialAccess input,
                                                                  store::Actor actor,
                                                                  oidc::TimePoint now) {
  if (input.uses < 1 || input.uses > kMostUses) {
    co_return std::unexpected("A token can be used from 1 to 1000000 times.");
  }
  if (input.lifetime < std::chrono::minutes(1) || input.lifetime > std::chrono::days(3650)) {
    co_return std::unexpected("A token can live from 1m to 3650d.");
  }
  if (auto sound = check_name(input.label); !sound) co_return std::unexpected(sound.error());
  auto made = oidc::crypto::make_credential(oidc::crypto::CredentialKind::initial_access, 0,
                                            store.next_row());
  AddedInitialAccess added{.token = {.stored = std::move(made.stored),
                                     .label = std::move(input.label),
                                     .uses_left = input.uses,
                                     .uses_total = input.uses,
                                     .created_at = now,
                                     .expires_at = now + input.lifetime,
                                     .revoked_at = std::nullopt},
                           .text = oidc::ClientSecret(std::move(made.text))};
  auto done = co_await store.insert_initial_access(added.token, std::move(actor), now);
  if (!done) co_return std::unexpected(say(done.error()));
  co_return added;
}

std::string_view state_of(const store::InitialAccessToken& token, oidc::TimePoint now) {
  if (token.revoked_at) return "revoked";
  if (token.expires_at <= now) return "expired";
  return token.uses_left > 0 ? "usable" : "used up";
}

nlohmann::json describe(const store::InitialAccessToken& token, oidc::TimePoint now) {
  return {
      // As text: the numbers are larger than what JavaScript holds exactly.
      {"id", std::to_string(token.stored.row)},
      {"label", token.label},
      {"state", state_of(token, now)},
      {"uses_left", token.uses_left},
      {"uses_total", token.uses_total},
      {"created_at", oidc::to_seconds(token.created_at)},
      {"expires_at", oidc::to_seconds(token.expires_at)},
  };
}

runtime::Task<AdminResult<oidc::model::User>> add_user(store::Store& store,
                                                       account::Passwords& passwords,
                                                       NewPerson input, store::Actor actor,
                                                       oidc::TimePoint now) {
  const auto fold = oidc::model::fold_email(input.email);
  if (!fold) co_return std::unexpected("The e-mail address is not of the form local@domain.");
  if (auto sound = check_name(input.name); !sound) co_return std::unexpected(sound.error());
  auto claims = merge_claims(input);
  if (!claims) co_return std::unexpected(claims.error());
  store::NewUser row;
  row.user.id = oidc::crypto::random_id();
  row.user.claims = std::move(*claims);
  row.user.emails = {{oidc::model::plain_email(input.email), *fold, input.email_verified}};
  row.user.created_at = row.user.updated_at = row.user.credentials_changed_at = now;
  if (!input.password.empty()) {
    if (auto sound = passwords.check_policy(input.password); !sound) {
      co_return std::unexpected(sound.error().description);
    }
    auto hash = co_await passwords.hash(std::move(input.password));
    if (!hash) co_return std::unexpected("The password pool is busy: try again.");
    row.password_phc = std::move(*hash);
  }
  auto user = row.user;
  auto done = co_await store.insert_user(std::move(row), std::move(actor), now);
  if (!done && done.error().fault == StoreFault::conflict) {
    co_return std::unexpected("There is a person with the address " + *fold + " already.");
  }
  if (!done) co_return std::unexpected(say(done.error()));
  co_return user;
}

nlohmann::json describe(const oidc::model::User& user) {
  const auto claims = oidc::parse_json_object(user.claims.empty() ? "{}" : user.claims);
  nlohmann::json out = claims ? *claims : nlohmann::json::object();
  out["sub"] = user.id;
  out["status"] = user.is_active() ? "active" : "disabled";
  if (!user.emails.empty()) {
    out["email"] = user.emails.front().address;
    out["email_verified"] = user.emails.front().verified;
  }
  out["created_at"] = oidc::to_seconds(user.created_at);
  out["updated_at"] = oidc::to_seconds(user.updated_at);
  return out;
}

runtime::Task<AdminResult<oidc::model::User>> find_user(store::Store& store, std::string email) {
  const auto fold = oidc::model::fold_email(email);
  if (!fold) co_return std::unexpected("The e-mail address is not of the form local@domain.");
  auto record = co_await store.find_password(*fold);
  if (!record) co_return std::unexpected(say(record.error()));
  if (!*record) co_return std::unexpected("There is no person with the address " + *fold + ".");
  co_return std::move((*record)->user);
}

runtime::Task<AdminResult<oidc::model::User>> change_user(store::Store& store, std::string email,
                                                          UserChange change, store::Actor actor,
                                                          oidc::TimePoint now) {
  auto user = co_await find_user(store, std::move(email));
  if (!user) co_return user;
  store::StoreResult<bool> done;
  switch (change) {
    case UserChange::disable:
      user->status = oidc::model::UserStatus::disabled;
      done = co_await store.set_user_status(user->id, user->status, std::move(actor), now);
      break;
    case UserChange::enable:
      user->status = oidc::model::UserStatus::active;
      done = co_await store.set_user_status(user->id, user->status, std::move(actor), now);
      break;
    case UserChange::sign_out:
      done = co_await store.sign_out_user(user->id, std::move(actor), now);
      break;
  }
  if (!done) co_return std::unexpected(say(done.error()));
  co_return user;
}

runtime::Task<AdminResult<oidc::model::User>> set_password(
    store::Store& store, account::Passwords& passwords, std::string email, oidc::Password password,
    store::Actor actor, oidc::TimePoint now) {
  if (auto sound = passwords.check_policy(password); !sound) {
    co_return std::unexpected(sound.error().description);
  }
  auto user = co_await find_user(store, std::move(email));
  if (!user) co_return user;
  auto hash = co_await passwords.hash(std::move(password));
  if (!hash) co_return std::unexpected("The password pool is busy: try again.");
  auto done = co_await store.set_password(user->id, std::move(*hash), std::move(actor), now);
  if (!done) co_return std::unexpected(say(done.error()));
  co_return user;
}

}  // namespace server::admin

#include "server/admin/operations.h"

#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/client_auth/client_auth.h"
#include "oidc/crypto/random.h"
#include "oidc/metadata/client_metadata.h"
#include "oidc/token/claims.h"

namespace server::admin {
namespace {

using store::StoreFault;

std::string random_id(std::size_t bytes) {
  return oidc::base64url_encode(oidc::crypto::random_bytes(bytes));
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
  auto client = oidc::metadata::parse_client_metadata(*metadata);
  if (!client) co_return std::unexpected(client.error().description);
  AddedClient added{std::move(*client), {}};
  added.client.client_id = random_id(16);
  added.client.first_party = input.first_party;
  added.client.pkce_required = input.pkce_required || added.client.is_public();
  added.client.created_at = now;
  if (!added.client.is_public()) {
    // base64url only: some clients do not percent-encode it in the Authorization header.
    added.secret = oidc::ClientSecret(random_id(32));
    added.client.client_secret_digest =
        oidc::client_auth::client_secret_digest(added.secret.reveal());
  }
  auto done = co_await store.insert_client(added.client, std::move(actor), now);
  if (!done) co_return std::unexpected(say(done.error()));
  co_return added;
}

nlohmann::json describe(const oidc::model::Client& client, const oidc::ClientSecret* secret) {
  auto out = oidc::metadata::to_json(client);
  out["client_id_issued_at"] = oidc::to_seconds(client.created_at);
  out["first_party"] = client.first_party;
  out["pkce_required"] = client.pkce_required;
  if (secret && !secret->empty()) {
    out["client_secret"] = secret->reveal();
    out["client_secret_expires_at"] = 0;
  }
  return out;
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
  row.user.id = random_id(16);
  row.user.claims = std::move(*claims);
  row.user.emails = {{std::string(oidc::trim(input.email)), *fold, input.email_verified}};
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

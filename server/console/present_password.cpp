#include "server/console/present_password.h"

#include "server/account/password_sign_in.h"
#include "server/provider/failure.h"
#include "server/signin/device.h"
#include "server/signin/own_flow.h"
#include "server/signin/ways_in.h"

namespace server::console {
namespace {

using http::Request;
using http::Response;
using provider::Provider;

}  // namespace

bool uses_passwords(const Provider& provider) {
  const oidc::model::Client none;  // as one without rules of its own
  return signin::offers_password(provider, none);
}

runtime::Task<store::StoreResult<bool>> has_password(const Provider& provider,
                                                     const oidc::model::User& user) {
  if (user.emails.empty()) co_return false;
  const auto record = co_await provider.store.find_password(user.emails.front().fold);
  if (!record) co_return std::unexpected(record.error());
  co_return *record && !(*record)->phc.empty();
}

runtime::Task<std::expected<AskedPerson, Response>> load_asked_person(const Provider& provider,
                                                                      const Request& request,
                                                                      std::string own_page,
                                                                      AskedFor asked) {
  auto person = co_await load_person(provider, request, own_page);
  if (!person) co_return std::unexpected(std::move(person.error()));
  const auto has = co_await has_password(provider, person->account.user);
  if (!has) co_return std::unexpected(store_failure(provider, request, own_page, has.error()));
  const bool by_password = *has && (asked == AskedFor::always || uses_passwords(provider));
  if (!by_password) {
    person = co_await load_fresh_person(provider, request, std::move(own_page));
    if (!person) co_return std::unexpected(std::move(person.error()));
  }
  co_return AskedPerson{std::move(*person), by_password};
}

runtime::Task<PasswordCheck> check_password(const Provider& provider, const Request& request,
                                            const AskedPerson& asked, const oidc::Form& fields,
                                            std::string own_page) {
  if (!asked.by_password) co_return PasswordRight{};
  auto outcome =
      co_await signin::try_password(provider, request, asked.person.account.user.primary_email(),
                                    oidc::Password(fields.value_or("password", "")));
  const auto* accepted = std::get_if<account::Accepted>(&outcome);
  // The address may have become another person's while the password was checked.
  if (accepted && accepted->record.user.id == asked.person.id()) {
    auto returned = co_await provider.store.give_back(accepted->give_back);
    if (!returned) co_return store_failure(provider, request, own_page, returned.error());
    co_return PasswordRight{};
  }
  if (const auto* error = std::get_if<store::StoreError>(&outcome)) {
    co_return store_failure(provider, request, own_page, *error);
  }
  if (std::holds_alternative<account::Busy>(outcome)) {
    co_return PasswordRefused{{.key = "signup_busy", .retry_after_s = 1}, 503};
  }
  oidc::OAuthError refusal{oidc::OAuthErrorCode::access_denied,
                           "A change of the account was refused.", "password: wrong"};
  if (const auto* throttled = std::get_if<account::Throttled>(&outcome)) {
    refusal.detail = "throttle: too many attempts";
    co_return PasswordRefused{
        signin::refuse_throttled(provider, request, own_page, refusal, throttled->retry_at), 429};
  }
  co_return PasswordRefused{{.key = "account_password_wrong",
                             .event_id = record_failure(provider, request, own_page, refusal, 422)},
                            422};
}

}  // namespace server::console

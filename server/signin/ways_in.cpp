#include "server/signin/ways_in.h"

namespace server::signin {
namespace {

// "password", "magic_link" or "password_or_magic_link".
const std::string& login_method(const provider::Provider& provider,
                                const oidc::model::Client& client) {
  return client.login_method.empty() ? provider.config.login_method : client.login_method;
}

}  // namespace

bool has_mail(const provider::Provider& provider) {
  return !provider.config.smtp_url.empty();
}

bool offers_magic_link(const provider::Provider& provider, const oidc::model::Client& client) {
  return has_mail(provider) && login_method(provider, client) != "password";
}

bool offers_password(const provider::Provider& provider, const oidc::model::Client& client) {
  return !has_mail(provider) || login_method(provider, client) != "magic_link";
}

bool offers_signup(const provider::Provider& provider, const oidc::model::Client& client) {
  return has_mail(provider) && client.self_signup.value_or(provider.config.self_signup);
}

}  // namespace server::signin

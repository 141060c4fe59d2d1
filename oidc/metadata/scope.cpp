#include "oidc/metadata/scope.h"

#include <array>

namespace oidc::metadata {
namespace {

using std::string_view;

constexpr std::array<string_view, 14> kProfile = {
    "name",    "family_name", "given_name", "middle_name", "nickname",  "preferred_username",
    "profile", "picture",     "website",    "gender",      "birthdate", "zoneinfo",
    "locale",  "updated_at"};
constexpr std::array<string_view, 2> kEmail = {"email", "email_verified"};
constexpr std::array<string_view, 1> kAddress = {"address"};
constexpr std::array<string_view, 2> kPhone = {"phone_number", "phone_number_verified"};

constexpr std::array<ScopeRow, 6> kScopes = {{
    {"openid", {}, ""},
    {"profile", kProfile, "Your name and profile"},
    {"email", kEmail, "Your e-mail address"},
    {"address", kAddress, "Your postal address"},
    {"phone", kPhone, "Your phone number"},
    {"offline_access", {}, ""},
}};

constexpr std::array<string_view, 27> kClaims = {"sub",
                                                 "iss",
                                                 "aud",
                                                 "exp",
                                                 "iat",
                                                 "auth_time",
                                                 "acr",
                                                 "amr",
                                                 "name",
                                                 "family_name",
                                                 "given_name",
                                                 "middle_name",
                                                 "nickname",
                                                 "preferred_username",
                                                 "profile",
                                                 "picture",
                                                 "website",
                                                 "gender",
                                                 "birthdate",
                                                 "zoneinfo",
                                                 "locale",
                                                 "updated_at",
                                                 "email",
                                                 "email_verified",
                                                 "address",
                                                 "phone_number",
                                                 "phone_number_verified"};

}  // namespace

std::span<const ScopeRow> scopes() {
  return kScopes;
}

bool is_known_scope(std::string_view scope) {
  for (const auto& row : kScopes) {
    if (row.scope == scope) return true;
  }
  return false;
}

std::span<const std::string_view> supported_claims() {
  return kClaims;
}

}  // namespace oidc::metadata

#include "oidc/token/claims.h"

#include <array>
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/metadata/scope.h"

namespace oidc::token {
namespace {

using json = nlohmann::json;

json amr_list(std::string_view amr) {
  json out = json::array();
  for (auto& word : split_words(amr)) out.push_back(std::move(word));
  return out;
}

void add_authentication(json& claims, const model::Grant& grant) {
  claims["auth_time"] = to_seconds(grant.auth_time);
  if (!grant.acr.empty()) claims["acr"] = grant.acr;
  if (!grant.amr.empty()) claims["amr"] = amr_list(grant.amr);
  if (!grant.sid.empty()) claims["sid"] = grant.sid;
}

// The person's claims of one scope, e-mail included.
json claims_of(const model::User& user, const json& stored, const metadata::ScopeRow& row) {
  json out = json::object();
  for (const auto claim : row.claims) {
    if (claim == "email") {
      if (!user.emails.empty()) out["email"] = user.emails.front().address;
    } else if (claim == "email_verified") {
      if (!user.emails.empty()) out["email_verified"] = user.emails.front().verified;
    } else if (claim == "updated_at") {
      out["updated_at"] = to_seconds(user.updated_at);
    } else if (const auto found = stored.find(claim); found != stored.end()) {
      out[std::string(claim)] = *found;
    }
  }
  return out;
}

// One of the person's claims by its name; null when there is none to give.
json claim_of(const model::User& user, const json& stored, std::string_view name) {
  for (const auto& row : metadata::scopes()) {
    if (std::ranges::find(row.claims, name) == row.claims.end()) continue;
    const json claims = claims_of(user, stored, row);
    const auto found = claims.find(name);
    if (found != claims.end()) return *found;
  }
  return nullptr;
}

void add_requested(json& into, const model::User& user, const json& stored,
                   const std::vector<request::RequestedClaim>& wishes) {
  for (const auto& wish : wishes) {
    auto value = claim_of(user, stored, wish.name);
    if (!value.is_null()) into[wish.name] = std::move(value);
  }
}

void add_scopes(json& into, const model::User& user, const json& stored, std::string_view scope) {
  for (const auto& row : metadata::scopes()) {
    if (contains_word(scope, row.scope)) into.update(claims_of(user, stored, row));
  }
}

request::ClaimsParameter kept_claims(const model::Grant& grant) {
  return request::parse_claims_parameter(grant.claims).value_or(request::ClaimsParameter{});
}

// A postal address is written in lines (Core §5.1.1).
std::string one_line(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\r') continue;
    if (c == '\n') {
      out += ", ";
    } else {
      out += c;
    }
  }
  return out;
}

json stored_claims(const model::User& user) {
  auto parsed = parse_json_object(user.claims.empty() ? "{}" : user.claims);
  return parsed ? *parsed : json::object();
}

bool is_date(const std::string& text) {
  // YYYY-MM-DD, 0000-MM-DD or YYYY (Core §5.1).
  const auto digits = [&](std::size_t from, std::size_t count) {
    for (std::size_t i = from; i < from + count; ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
    }
    return true;
  };
  if (text.size() == 4) return digits(0, 4);
  return text.size() == 10 && text[4] == '-' && text[7] == '-' && digits(0, 4) && digits(5, 2) &&
         digits(8, 2);
}

Result<void> check_claim(const std::string& name, const json& value) {
  const auto refuse = [&name](std::string_view why) {
    return fail(OAuthErrorCode::invalid_request, "The claim " + name + " " + std::string(why));
  };
  const auto is_text = [](const json& v) {
    return v.is_string() && !v.get_ref<const std::string&>().empty() &&
           v.get_ref<const std::string&>().size() <= 1024;
  };
  if (name == "phone_number_verified") {
    return value.is_boolean() ? Result<void>{} : refuse("must be true or false.");
  }
  if (name == "address") {
    if (!value.is_object() || value.empty()) return refuse("must be an object of texts.");
    constexpr std::array<std::string_view, 6> members = {"formatted", "street_address", "locality",
                                                         "region",    "postal_code",    "country"};
    for (const auto& [member, text] : value.items()) {
      if (std::ranges::find(members, member) == members.end() || !is_text(text)) {
        return refuse(
            "may hold formatted, street_address, locality, region, postal_code and "
            "country, each a text.");
      }
    }
    return {};
  }
  if (!is_text(value)) return refuse("must be a text of 1 to 1024 bytes.");
  if (name == "birthdate" && !is_date(value.get<std::string>())) {
    return refuse("must be YYYY-MM-DD or YYYY.");
  }
  return {};
}

std::string text_claim(const json& claims, std::string_view name) {
  return string_member(claims, name).value_or("");
}

std::optional<TimePoint> time_claim(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
  const auto seconds = found->get<std::int64_t>();
  if (seconds < 0 || seconds > 32'503'680'000) return std::nullopt;
  return from_millis(seconds * 1000);
}

}  // namespace

std::string access_token_claims(const AccessTokenInput& input) {
  json claims = {
      {"iss", input.issuer},
      {"aud", input.audience.size() == 1 ? json(input.audience.front()) : json(input.audience)},
      {"sub", input.grant.subject},
      {"client_id", input.grant.client_id},
      {"scope", input.scope},
      {"jti", input.jti},
      {"iat", to_seconds(input.now)},
      {"exp", to_seconds(input.expires_at)},
      // Ours: the grant that the token hangs from, so that ending it ends the token.
      {"grant", input.grant.id},
  };
  add_authentication(claims, input.grant);
  return claims.dump();
}

std::string id_token_claims(const IdTokenInput& input) {
  json claims = {
      {"iss", input.issuer},
      {"aud", input.grant.client_id},
      {"sub", input.grant.subject},
      {"iat", to_seconds(input.now)},
      {"exp", to_seconds(input.expires_at)},
  };
  add_authentication(claims, input.grant);
  if (!input.nonce.empty()) claims["nonce"] = input.nonce;
  if (!input.at_hash.empty()) claims["at_hash"] = input.at_hash;
  if (!input.c_hash.empty()) claims["c_hash"] = input.c_hash;
  if (input.scope_of_claims.empty() && input.grant.claims.empty()) return claims.dump();
  const json stored = stored_claims(input.user);
  add_scopes(claims, input.user, stored, input.scope_of_claims);
  add_requested(claims, input.user, stored, kept_claims(input.grant).id_token);
  return claims.dump();
}

std::string userinfo_claims(const model::User& user, const model::Grant& grant,
                            std::string_view scope) {
  const json stored = stored_claims(user);
  json claims = {{"sub", grant.subject}};
  add_scopes(claims, user, stored, scope);
  if (!grant.claims.empty()) {
    add_requested(claims, user, stored, kept_claims(grant).userinfo);
  }
  return claims.dump();
}

std::string signed_userinfo_claims(std::string_view userinfo, std::string_view issuer,
                                   std::string_view audience, TimePoint now) {
  json claims = json::parse(userinfo);
  claims["iss"] = issuer;
  claims["aud"] = audience;
  claims["iat"] = to_seconds(now);
  return claims.dump();
}

std::vector<std::string> single_claims(std::string_view scope,
                                       const request::ClaimsParameter& requested) {
  std::vector<std::string> names;
  for (const auto* section : {&requested.userinfo, &requested.id_token}) {
    for (const auto& wish : *section) {
      const auto row = std::ranges::find_if(metadata::scopes(), [&](const auto& candidate) {
        return std::ranges::find(candidate.claims, wish.name) != candidate.claims.end();
      });
      if (row == metadata::scopes().end() || contains_word(scope, row->scope)) continue;
      if (std::ranges::find(names, wish.name) == names.end()) names.push_back(wish.name);
    }
  }
  return names;
}

std::vector<SharedItem> shared_items(const model::User& user, std::string_view scope,
                                     const request::ClaimsParameter& requested) {
  const json stored = stored_claims(user);
  std::vector<SharedItem> items;
  for (const auto& row : metadata::scopes()) {
    if (row.consent_title.empty() || !contains_word(scope, row.scope)) continue;
    SharedItem item{.title = std::string(row.consent_title), .scope = std::string(row.scope)};
    json claims = claims_of(user, stored, row);
    claims.erase("updated_at");
    if (row.scope == "profile") {
      item.value = text_claim(claims, "name");
    } else if (row.scope == "email") {
      item.value = text_claim(claims, "email");
    } else if (row.scope == "phone") {
      item.value = text_claim(claims, "phone_number");
    } else if (const auto address = claims.find("address"); address != claims.end()) {
      item.value = one_line(text_claim(*address, "formatted"));
    }
    // Shown all the same: what is allowed now is shared when it is there one day.
    item.nothing_stored = claims.empty();
    if (item.nothing_stored) item.value = "nothing stored yet";
    items.push_back(std::move(item));
  }
  for (const auto& name : single_claims(scope, requested)) {
    const json value = claim_of(user, stored, name);
    std::string shown = value.is_string() ? one_line(value.get<std::string>()) : "";
    if (value.is_null()) shown = "nothing stored yet";
    std::string title = "Your " + name;
    std::ranges::replace(title, '_', ' ');
    items.push_back({.title = std::move(title),
                     .value = std::move(shown),
                     .claim = name,
                     .nothing_stored = value.is_null()});
  }
  return items;
}

Result<std::string> check_claims(std::string_view json_text) {
  const auto object = parse_json_object(json_text, 16 * 1024, 3);
  if (!object) {
    return fail(OAuthErrorCode::invalid_request,
                "The claims must be a JSON object of at most 16 KB, without repeated names.");
  }
  constexpr std::array<std::string_view, 16> known = {"name",         "family_name",
                                                      "given_name",   "middle_name",
                                                      "nickname",     "preferred_username",
                                                      "profile",      "picture",
                                                      "website",      "gender",
                                                      "birthdate",    "zoneinfo",
                                                      "locale",       "address",
                                                      "phone_number", "phone_number_verified"};
  for (const auto& [name, value] : object->items()) {
    if (std::ranges::find(known, name) == known.end()) {
      return fail(OAuthErrorCode::invalid_request,
                  "The claim " + to_description(name).substr(0, 60) +
                      " is not one of the standard claims that can be set.");
    }
    if (auto checked = check_claim(name, value); !checked) {
      return std::unexpected(checked.error());
    }
  }
  return object->dump();
}

Result<AccessToken> verify_access_token(std::string_view text, const std::vector<jose::Jwk>& keys,
                                        std::string_view issuer, TimePoint now) {
  const auto refuse = [](std::string detail) {
    return fail(OAuthErrorCode::invalid_token, "The access token is not valid here.",
                std::move(detail));
  };
  auto jwt = jose::verify_jwt(text, keys);
  if (!jwt) return refuse("access token: " + jwt.error().detail + jwt.error().description);
  if (jwt->typ != kAccessTokenType) return refuse("access token: typ is not at+jwt");
  const json& claims = *jwt->claims;
  if (text_claim(claims, "iss") != issuer) return refuse("access token: another issuer");
  const auto expires_at = time_claim(claims, "exp");
  const auto issued_at = time_claim(claims, "iat");
  if (!expires_at || !issued_at || *expires_at <= now) return refuse("access token: expired");
  const auto grant = claims.find("grant");
  if (grant == claims.end() || !grant->is_number_integer()) {
    return refuse("access token: no grant");
  }
  std::vector<std::string> audience;
  if (const auto aud = claims.find("aud"); aud != claims.end()) {
    for (const auto& name : aud->is_array() ? *aud : json::array({*aud})) {
      if (name.is_string()) audience.push_back(name.get<std::string>());
    }
  }
  return AccessToken{.jti = text_claim(claims, "jti"),
                     .subject = text_claim(claims, "sub"),
                     .client_id = text_claim(claims, "client_id"),
                     .scope = text_claim(claims, "scope"),
                     .audience = std::move(audience),
                     .grant_id = grant->get<std::int64_t>(),
                     .issued_at = *issued_at,
                     .expires_at = *expires_at};
}

Result<IdTokenHint> verify_id_token_hint(std::string_view text, const std::vector<jose::Jwk>& keys,
                                         std::string_view issuer) {
  const auto refuse = [](std::string detail) {
    return fail(OAuthErrorCode::invalid_request,
                "The id_token_hint is no ID token that this server issued.", std::move(detail));
  };
  auto jwt = jose::verify_jwt(text, keys);
  if (!jwt) return refuse("id_token_hint: " + jwt.error().description);
  if (jwt->typ != kIdTokenType) return refuse("id_token_hint: another kind of token");
  const json& claims = *jwt->claims;
  if (text_claim(claims, "iss") != issuer) return refuse("id_token_hint: another issuer");
  // UserInfo as a JWT is signed by the same keys and has no `exp`.
  if (!time_claim(claims, "exp")) return refuse("id_token_hint: no exp");
  IdTokenHint hint{text_claim(claims, "sub"), text_claim(claims, "aud"), text_claim(claims, "sid")};
  if (hint.subject.empty() || hint.client_id.empty()) return refuse("id_token_hint: no sub or aud");
  return hint;
}

}  // namespace oidc::token

#include "oidc/request/claims_parameter.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/metadata/provider_metadata.h"
#include "oidc/metadata/scope.h"
#include "oidc/request/authorization_steps.h"

namespace oidc::request {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 4096;
constexpr std::size_t kMostValues = 20;

std::unexpected<OAuthError> refuse(std::string_view why) {
  return fail(OAuthErrorCode::invalid_request, "The parameter claims " + std::string(why));
}

// Null, or an object with "essential", "value", "values" (§5.5.1); other members are ignored.
Result<RequestedClaim> read_claim(const std::string& name, const json& wish) {
  RequestedClaim claim{.name = name};
  if (wish.is_null()) return claim;
  if (!wish.is_object()) return refuse("must hold null or an object for each claim.");
  if (const auto essential = wish.find("essential"); essential != wish.end()) {
    if (!essential->is_boolean()) return refuse("holds an essential that is not true or false.");
    claim.essential = essential->get<bool>();
  }
  const auto add = [&claim](const json& value) {
    if (value.is_string()) claim.values.push_back(value.get<std::string>());
  };
  if (const auto value = wish.find("value"); value != wish.end()) add(*value);
  if (const auto values = wish.find("values"); values != wish.end()) {
    if (!values->is_array() || values->size() > kMostValues) {
      return refuse("holds values that are no list of at most 20.");
    }
    for (const auto& value : *values) add(value);
  }
  return claim;
}

// Whether the claim belongs to scopes, none of which stands in `allowed`.
bool is_barred(std::string_view allowed, std::string_view name) {
  bool has_scope = false;
  for (const auto& row : metadata::scopes()) {
    if (std::ranges::find(row.claims, name) == row.claims.end()) continue;
    if (contains_word(allowed, row.scope)) return false;
    has_scope = true;
  }
  return has_scope;
}

Result<void> read_section(const json& claims, const char* section,
                          std::vector<RequestedClaim>& into) {
  const auto found = claims.find(section);
  if (found == claims.end() || found->is_null()) return {};
  if (!found->is_object()) return refuse("must hold objects as userinfo and id_token.");
  const auto known = metadata::supported_claims();
  for (const auto& [name, wish] : found->items()) {
    auto claim = read_claim(name, wish);
    if (!claim) return std::unexpected(claim.error());
    if (std::ranges::find(known, name) != known.end()) into.push_back(std::move(*claim));
  }
  return {};
}

}  // namespace

Result<ClaimsParameter> parse_claims_parameter(std::string_view text) {
  ClaimsParameter out;
  if (text.empty()) return out;
  const auto claims = parse_json_object(text, kMostBytes, 5);
  if (!claims) return refuse("must be a JSON object of at most 4 KB, without repeated names.");
  if (auto done = read_section(*claims, "userinfo", out.userinfo); !done) {
    return std::unexpected(done.error());
  }
  if (auto done = read_section(*claims, "id_token", out.id_token); !done) {
    return std::unexpected(done.error());
  }
  return out;
}

std::string claims_to_keep(const ClaimsParameter& claims) {
  if (claims.empty()) return "";
  json out = json::object();
  const auto put = [&out](const char* section, const std::vector<RequestedClaim>& wishes) {
    for (const auto& wish : wishes) out[section][wish.name] = nullptr;
  };
  put("userinfo", claims.userinfo);
  put("id_token", claims.id_token);
  return out.dump();
}

std::string requested_subject(const ClaimsParameter& claims) {
  for (const auto* section : {&claims.id_token, &claims.userinfo}) {
    for (const auto& wish : *section) {
      if (wish.name == "sub" && !wish.values.empty()) return wish.values.front();
    }
  }
  return "";
}

Result<void> check_claims(const StepInput& input, AuthorizationRequest& request) {
  auto claims = parse_claims_parameter(input.form.value_or("claims", ""));
  if (!claims) return std::unexpected(claims.error());
  for (const auto& wish : claims->id_token) {
    // §5.5.1.1: an essential acr that can't be met is a failed authentication.
    if (wish.name == "acr" && wish.essential && !wish.values.empty() &&
        std::ranges::none_of(wish.values, [](const std::string& value) {
          return value == metadata::kAcrPassword || value == metadata::kAcrLink;
        })) {
      return fail(OAuthErrorCode::unmet_authentication_requirements,
                  "This server cannot reach the essential acr that the request asks for.");
    }
  }
  // What a client may not ask for by scope it may not ask for singly either.
  const auto barred = [&input](const RequestedClaim& wish) {
    return !input.client.scope.empty() && is_barred(input.client.scope, wish.name);
  };
  std::erase_if(claims->userinfo, barred);
  std::erase_if(claims->id_token, barred);
  request.claims = std::move(*claims);
  return {};
}

}  // namespace oidc::request

// The two directions between a client and its metadata as JSON, without the rules.
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/metadata/client_metadata.h"

namespace oidc::metadata {
namespace {

using model::Client;
using nlohmann::json;

constexpr std::size_t kMaxStored = std::size_t{1024} * 1024;

struct TextField {
  const char* name;
  std::string Client::* member;
};
struct ListField {
  const char* name;
  std::vector<std::string> Client::* member;
};
struct FlagField {
  const char* name;
  bool Client::* member;
};

// Left out of the JSON when empty or false.
constexpr TextField kTexts[] = {
    {"client_name", &Client::client_name},
    {"scope", &Client::scope},
    {"client_uri", &Client::client_uri},
    {"logo_uri", &Client::logo_uri},
    {"policy_uri", &Client::policy_uri},
    {"tos_uri", &Client::tos_uri},
    {"software_id", &Client::software_id},
    {"software_version", &Client::software_version},
    {"jwks_uri", &Client::jwks_uri},
    {"sector_identifier_uri", &Client::sector_identifier_uri},
    {"sector_identifier", &Client::sector_identifier},
    {"token_endpoint_auth_signing_alg", &Client::token_endpoint_auth_signing_alg},
    {"id_token_signed_response_alg", &Client::id_token_signed_response_alg},
    {"userinfo_signed_response_alg", &Client::userinfo_signed_response_alg},
    {"request_object_signing_alg", &Client::request_object_signing_alg},
    {"initiate_login_uri", &Client::initiate_login_uri},
    {"frontchannel_logout_uri", &Client::frontchannel_logout_uri},
    {"backchannel_logout_uri", &Client::backchannel_logout_uri},
};
constexpr ListField kLists[] = {
    {"post_logout_redirect_uris", &Client::post_logout_redirect_uris},
    {"grant_types", &Client::grant_types},
    {"response_types", &Client::response_types},
    {"contacts", &Client::contacts},
    {"default_acr_values", &Client::default_acr_values},
    {"request_uris", &Client::request_uris},
};
constexpr FlagField kFlags[] = {
    {"require_auth_time", &Client::require_auth_time},
    {"require_signed_request_object", &Client::require_signed_request_object},
    {"require_pushed_authorization_requests", &Client::require_pushed_authorization_requests},
    {"frontchannel_logout_session_required", &Client::frontchannel_logout_session_required},
    {"backchannel_logout_session_required", &Client::backchannel_logout_session_required},
};

bool read_list(const json& value, std::vector<std::string>& into) {
  if (!value.is_array()) return false;
  into.clear();
  for (const auto& item : value) {
    if (!item.is_string()) return false;
    into.push_back(item.get<std::string>());
  }
  return true;
}

bool read_simple_fields(const json& object, Client& client) {
  for (const auto& field : kTexts) {
    const auto found = object.find(field.name);
    if (found == object.end()) continue;
    if (!found->is_string()) return false;
    client.*field.member = found->get<std::string>();
  }
  for (const auto& field : kLists) {
    const auto found = object.find(field.name);
    if (found != object.end() && !read_list(*found, client.*field.member)) return false;
  }
  for (const auto& field : kFlags) {
    const auto found = object.find(field.name);
    if (found == object.end()) continue;
    if (!found->is_boolean()) return false;
    client.*field.member = found->get<bool>();
  }
  return true;
}

}  // namespace

json to_json(const Client& client) {
  json out = {
      {"client_id", client.client_id},
      {"application_type",
       client.application_type == model::ApplicationType::native ? "native" : "web"},
      {"token_endpoint_auth_method", model::to_string(client.token_endpoint_auth_method)},
  };
  auto& uris = out["redirect_uris"] = json::array();
  for (const auto& row : client.redirect_uris) uris.push_back(row.uri);
  for (const auto& field : kTexts) {
    if (const auto& value = client.*field.member; !value.empty()) out[field.name] = value;
  }
  for (const auto& field : kLists) {
    if (const auto& value = client.*field.member; !value.empty()) out[field.name] = value;
  }
  for (const auto& field : kFlags) {
    if (client.*field.member) out[field.name] = true;
  }
  if (client.subject_type == model::SubjectType::pairwise) out["subject_type"] = "pairwise";
  if (client.default_max_age_s) out["default_max_age"] = *client.default_max_age_s;
  if (!client.jwks.empty()) {
    if (const auto jwks = parse_json_object(client.jwks, kMaxStored)) out["jwks"] = *jwks;
  }
  return out;
}

bool read_stored_metadata(std::string_view text, Client& client) {
  const auto parsed = parse_json_object(text, kMaxStored, /*max_depth=*/16);
  if (parsed == nullptr || !read_simple_fields(*parsed, client)) return false;
  const json& object = *parsed;
  const auto method = model::parse_client_auth_method(
      string_member(object, "token_endpoint_auth_method").value_or(""));
  const auto type = string_member(object, "application_type").value_or("web");
  const auto subject_type = string_member(object, "subject_type").value_or("public");
  if (!method || (type != "web" && type != "native") ||
      (subject_type != "public" && subject_type != "pairwise")) {
    return false;
  }
  client.token_endpoint_auth_method = *method;
  client.application_type =
      type == "native" ? model::ApplicationType::native : model::ApplicationType::web;
  client.subject_type =
      subject_type == "pairwise" ? model::SubjectType::pairwise : model::SubjectType::public_;
  if (const auto age = object.find("default_max_age"); age != object.end()) {
    if (!age->is_number_integer()) return false;
    client.default_max_age_s = age->get<std::int64_t>();
  }
  if (const auto jwks = object.find("jwks"); jwks != object.end()) {
    if (!jwks->is_object()) return false;
    client.jwks = jwks->dump();
  }
  return true;
}

}  // namespace oidc::metadata

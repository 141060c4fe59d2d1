#include "server/store/sql/client_metadata_json.h"

#include <nlohmann/json.hpp>

#include "oidc/base/json.h"

namespace server::store::sql {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 1024 * 1024;

void put(json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

bool read(const json& object, const char* name, std::string& into) {
  const auto found = object.find(name);
  if (found == object.end()) return true;
  if (!found->is_string()) return false;
  into = found->get<std::string>();
  return true;
}

bool read(const json& object, const char* name, std::vector<std::string>& into) {
  const auto found = object.find(name);
  if (found == object.end()) return true;
  if (!found->is_array()) return false;
  into.clear();
  for (const auto& item : *found) {
    if (!item.is_string()) return false;
    into.push_back(item.get<std::string>());
  }
  return true;
}

}  // namespace

std::string to_metadata_json(const oidc::model::Client& client) {
  json object = json::object();
  put(object, "client_name", client.client_name);
  object["application_type"] =
      client.application_type == oidc::model::ApplicationType::native ? "native" : "web";
  object["token_endpoint_auth_method"] =
      std::string(oidc::model::to_string(client.token_endpoint_auth_method));
  object["post_logout_redirect_uris"] = client.post_logout_redirect_uris;
  object["grant_types"] = client.grant_types;
  object["response_types"] = client.response_types;
  put(object, "scope", client.scope);
  object["id_token_signed_response_alg"] = client.id_token_signed_response_alg;
  put(object, "client_uri", client.client_uri);
  put(object, "logo_uri", client.logo_uri);
  put(object, "policy_uri", client.policy_uri);
  put(object, "tos_uri", client.tos_uri);
  object["contacts"] = client.contacts;
  if (client.default_max_age_s) object["default_max_age"] = *client.default_max_age_s;
  object["require_auth_time"] = client.require_auth_time;
  object["default_acr_values"] = client.default_acr_values;
  return object.dump();
}

bool read_metadata_json(std::string_view text, oidc::model::Client& client) {
  const auto parsed = oidc::parse_json_object(text, kMostBytes);
  if (parsed == nullptr) return false;
  const json& object = *parsed;
  std::string type = "web";
  std::string method;
  if (!read(object, "client_name", client.client_name) || !read(object, "application_type", type) ||
      !read(object, "token_endpoint_auth_method", method) ||
      !read(object, "post_logout_redirect_uris", client.post_logout_redirect_uris) ||
      !read(object, "grant_types", client.grant_types) ||
      !read(object, "response_types", client.response_types) ||
      !read(object, "scope", client.scope) ||
      !read(object, "id_token_signed_response_alg", client.id_token_signed_response_alg) ||
      !read(object, "client_uri", client.client_uri) ||
      !read(object, "logo_uri", client.logo_uri) ||
      !read(object, "policy_uri", client.policy_uri) || !read(object, "tos_uri", client.tos_uri) ||
      !read(object, "contacts", client.contacts) ||
      !read(object, "default_acr_values", client.default_acr_values)) {
    return false;
  }
  const auto known_method = oidc::model::parse_client_auth_method(method);
  if (!known_method || (type != "web" && type != "native")) return false;
  client.token_endpoint_auth_method = *known_method;
  client.application_type =
      type == "native" ? oidc::model::ApplicationType::native : oidc::model::ApplicationType::web;
  if (const auto age = object.find("default_max_age"); age != object.end()) {
    if (!age->is_number_integer()) return false;
    client.default_max_age_s = age->get<std::int64_t>();
  }
  if (const auto required = object.find("require_auth_time"); required != object.end()) {
    if (!required->is_boolean()) return false;
    client.require_auth_time = required->get<bool>();
  }
  return true;
}

}  // namespace server::store::sql

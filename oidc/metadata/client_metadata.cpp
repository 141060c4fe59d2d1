#include "oidc/metadata/client_metadata.h"

#include <nlohmann/json.hpp>

#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "oidc/metadata/scope.h"

namespace oidc::metadata {
namespace {

constexpr std::size_t kMaxListed = 50;
constexpr std::size_t kMaxName = 200;

std::unexpected<OAuthError> bad(std::string_view field, std::string_view why) {
  return fail(OAuthErrorCode::invalid_client_metadata,
              "The field " + std::string(field) + " " + std::string(why));
}

Result<std::vector<std::string>> read_list(const nlohmann::json& metadata, const char* field,
                                           std::vector<std::string> fallback) {
  const auto found = metadata.find(field);
  if (found == metadata.end()) return fallback;
  if (!found->is_array() || found->size() > kMaxListed) {
    return bad(field, "must be a list of at most 50 texts.");
  }
  std::vector<std::string> out;
  for (const auto& item : *found) {
    if (!item.is_string() || item.get_ref<const std::string&>().size() > 2048) {
      return bad(field, "must be a list of texts of at most 2048 bytes.");
    }
    out.push_back(item.get<std::string>());
  }
  return out;
}

Result<std::string> read_text(const nlohmann::json& metadata, const char* field,
                              std::string fallback, std::size_t max_bytes = 2048) {
  const auto found = metadata.find(field);
  if (found == metadata.end()) return fallback;
  if (!found->is_string()) return bad(field, "must be a text.");
  auto text = found->get<std::string>();
  if (text.size() > max_bytes || !is_clean_utf8(text)) {
    return bad(field, "is too long or not valid UTF-8.");
  }
  for (unsigned char c : text) {
    if (c < 0x20 || c == 0x7f) return bad(field, "holds a control character.");
  }
  return text;
}

Result<std::string> read_https(const nlohmann::json& metadata, const char* field) {
  auto text = read_text(metadata, field, "");
  if (!text || text->empty()) return text;
  const auto uri = Uri::parse(*text);
  const bool sound = uri && uri->has_authority && !uri->has_userinfo &&
                     (equals_ignore_case(uri->scheme, "https") ||
                      (equals_ignore_case(uri->scheme, "http") && is_loopback_host(uri->host)));
  if (!sound) return bad(field, "must be an https address.");
  return text;
}

Result<void> read_uris(const nlohmann::json& metadata, model::Client& client) {
  auto uris = read_list(metadata, "redirect_uris", {});
  if (!uris) return std::unexpected(uris.error());
  for (auto& uri : *uris) {
    if (auto checked = check_redirect_uri(uri); !checked) return checked;
    client.redirect_uris.push_back({std::move(uri), std::nullopt});
  }
  auto after_logout = read_list(metadata, "post_logout_redirect_uris", {});
  if (!after_logout) return std::unexpected(after_logout.error());
  for (const auto& uri : *after_logout) {
    if (auto checked = check_redirect_uri(uri); !checked) {
      return bad("post_logout_redirect_uris",
                 "holds an address that is not allowed: " + checked.error().description);
    }
  }
  client.post_logout_redirect_uris = std::move(*after_logout);
  for (const auto& [field, target] :
       {std::pair{"client_uri", &client.client_uri}, std::pair{"logo_uri", &client.logo_uri},
        std::pair{"policy_uri", &client.policy_uri}, std::pair{"tos_uri", &client.tos_uri}}) {
    auto text = read_https(metadata, field);
    if (!text) return std::unexpected(text.error());
    *target = std::move(*text);
  }
  return {};
}

Result<void> read_flow(const nlohmann::json& metadata, model::Client& client) {
  auto grants = read_list(metadata, "grant_types", {"authorization_code"});
  if (!grants) return std::unexpected(grants.error());
  for (const auto& grant : *grants) {
    if (grant != "authorization_code" && grant != "refresh_token") {
      return bad("grant_types", "may hold authorization_code and refresh_token.");
    }
  }
  client.grant_types = std::move(*grants);
  auto types = read_list(metadata, "response_types", {"code"});
  if (!types) return std::unexpected(types.error());
  for (const auto& type : *types) {
    if (type != "code") return bad("response_types", "may hold code only.");
  }
  client.response_types = std::move(*types);
  if (client.has_grant_type("authorization_code") && client.redirect_uris.empty()) {
    return fail(OAuthErrorCode::invalid_redirect_uri,
                "The grant type authorization_code needs at least one redirect_uri.");
  }
  auto scope = read_text(metadata, "scope", "");
  if (!scope) return std::unexpected(scope.error());
  for (const auto& word : split_words(*scope)) {
    if (!is_known_scope(word)) {
      return bad("scope", "holds a scope that this server does not know: " + to_description(word));
    }
  }
  client.scope = std::move(*scope);
  return {};
}

Result<void> read_authentication(const nlohmann::json& metadata, model::Client& client) {
  auto method = read_text(metadata, "token_endpoint_auth_method", "client_secret_basic");
  if (!method) return std::unexpected(method.error());
  const auto parsed = model::parse_client_auth_method(*method);
  if (!parsed) {
    return bad("token_endpoint_auth_method",
               "may be client_secret_basic, client_secret_post or none.");
  }
  client.token_endpoint_auth_method = *parsed;
  auto alg = read_text(metadata, "id_token_signed_response_alg", "RS256");
  if (!alg) return std::unexpected(alg.error());
  if (*alg != "RS256" && *alg != "ES256") {
    return bad("id_token_signed_response_alg", "may be RS256 or ES256.");
  }
  client.id_token_signed_response_alg = std::move(*alg);
  return {};
}

}  // namespace

Result<void> check_redirect_uri(std::string_view text) {
  const auto refuse = [](std::string_view why) {
    return fail(OAuthErrorCode::invalid_redirect_uri, "The redirect URI " + std::string(why));
  };
  const auto uri = Uri::parse(text);
  if (!uri) return refuse("is no absolute URI.");
  if (uri->fragment) return refuse("must not have a fragment (RFC 6749 section 3.1.2).");
  if (text.find('*') != std::string_view::npos) return refuse("must not hold a wildcard.");
  if (uri->has_userinfo) return refuse("must not hold a user name.");
  for (std::string_view segment : {"/../", "/./", "/..;", "/.;"}) {
    if ((uri->path + "/").find(segment) != std::string::npos) {
      return refuse("must not hold dot segments.");
    }
  }
  if (equals_ignore_case(uri->scheme, "https")) {
    return uri->has_authority ? Result<void>{} : refuse("has no host.");
  }
  if (equals_ignore_case(uri->scheme, "http")) {
    if (!uri->has_authority || !is_loopback_host(uri->host)) {
      return refuse("may use http on 127.0.0.1, [::1] and localhost only.");
    }
    return {};
  }
  // RFC 8252 §7.1: a private-use scheme is a reversed domain name, so it has a dot. That also keeps
  // out javascript:, data:, file:, blob: and the like.
  if (uri->scheme.find('.') == std::string::npos) {
    return refuse("must use https, http on loopback, or a private-use scheme with a dot.");
  }
  return {};
}

Result<model::Client> parse_client_metadata(const nlohmann::json& metadata) {
  model::Client client;
  auto name = read_text(metadata, "client_name", "", kMaxName);
  if (!name) return std::unexpected(name.error());
  client.client_name = std::move(*name);
  auto type = read_text(metadata, "application_type", "web");
  if (!type) return std::unexpected(type.error());
  if (*type != "web" && *type != "native") return bad("application_type", "may be web or native.");
  client.application_type =
      *type == "native" ? model::ApplicationType::native : model::ApplicationType::web;
  for (auto* step : {&read_authentication, &read_uris, &read_flow}) {
    if (auto done = (*step)(metadata, client); !done) return std::unexpected(done.error());
  }
  auto contacts = read_list(metadata, "contacts", {});
  if (!contacts) return std::unexpected(contacts.error());
  client.contacts = std::move(*contacts);
  auto acrs = read_list(metadata, "default_acr_values", {});
  if (!acrs) return std::unexpected(acrs.error());
  client.default_acr_values = std::move(*acrs);
  if (const auto age = metadata.find("default_max_age"); age != metadata.end()) {
    if (!age->is_number_unsigned() || age->get<std::uint64_t>() > 315'360'000) {
      return bad("default_max_age", "must be a number of seconds.");
    }
    client.default_max_age_s = age->get<std::int64_t>();
  }
  if (const auto required = metadata.find("require_auth_time"); required != metadata.end()) {
    if (!required->is_boolean()) return bad("require_auth_time", "must be true or false.");
    client.require_auth_time = required->get<bool>();
  }
  client.pkce_required = client.is_public();
  return client;
}

nlohmann::json to_json(const model::Client& client) {
  nlohmann::json out = {
      {"client_id", client.client_id},
      {"application_type",
       client.application_type == model::ApplicationType::native ? "native" : "web"},
      {"token_endpoint_auth_method", model::to_string(client.token_endpoint_auth_method)},
      {"grant_types", client.grant_types},
      {"response_types", client.response_types},
      {"id_token_signed_response_alg", client.id_token_signed_response_alg},
  };
  auto& uris = out["redirect_uris"] = nlohmann::json::array();
  for (const auto& row : client.redirect_uris) uris.push_back(row.uri);
  const auto put = [&out](const char* name, const auto& value) {
    if (!value.empty()) out[name] = value;
  };
  put("client_name", client.client_name);
  put("post_logout_redirect_uris", client.post_logout_redirect_uris);
  put("scope", client.scope);
  put("client_uri", client.client_uri);
  put("logo_uri", client.logo_uri);
  put("policy_uri", client.policy_uri);
  put("tos_uri", client.tos_uri);
  put("contacts", client.contacts);
  put("default_acr_values", client.default_acr_values);
  if (client.default_max_age_s) out["default_max_age"] = *client.default_max_age_s;
  if (client.require_auth_time) out["require_auth_time"] = true;
  return out;
}

}  // namespace oidc::metadata

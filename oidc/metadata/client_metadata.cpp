#include "oidc/metadata/client_metadata.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "oidc/jose/algorithm.h"
#include "oidc/jose/jwk.h"
#include "oidc/metadata/metadata_reader.h"
#include "oidc/metadata/scope.h"

namespace oidc::metadata {
namespace {

using model::Client;
using model::ClientAuthMethod;

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxJwks = std::size_t{16} * 1024;
constexpr std::size_t kMaxSectorDocument = std::size_t{64} * 1024;

// The words of each in alphabetical order.
constexpr std::array<std::string_view, 6> kResponseTypes = {
    "code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"};
constexpr std::array<std::string_view, 3> kGrantTypes = {"authorization_code", "implicit",
                                                         "refresh_token"};
// What this server signs with for a client.
constexpr std::array<std::string_view, 4> kOurAlgorithms = {"RS256", "ES256", "PS256", "EdDSA"};

bool is_one_of(const auto& list, std::string_view value) {
  return std::ranges::find(list, value) != list.end();
}

bool any_response_type_with(const Client& client, std::string_view word) {
  return std::ranges::any_of(client.response_types,
                             [word](const std::string& type) { return contains_word(type, word); });
}

void read_names(MetadataReader& in, const Features&, Client& client) {
  client.client_name = in.text("client_name", kMaxName);
  const auto type = in.text("application_type");
  if (!type.empty() && type != "web" && type != "native") {
    in.refuse("application_type", "may be web or native.");
  }
  client.application_type =
      type == "native" ? model::ApplicationType::native : model::ApplicationType::web;
  client.client_uri = in.address("client_uri", AddressRule::link);
  client.policy_uri = in.address("policy_uri", AddressRule::link);
  client.tos_uri = in.address("tos_uri", AddressRule::link);
  // Fetched by this server, unlike the links.
  client.logo_uri = in.address("logo_uri", AddressRule::https);
  client.contacts = in.list("contacts");
  client.software_id = in.text("software_id", kMaxName);
  client.software_version = in.text("software_version", kMaxName);
}

void read_redirect_uris(MetadataReader& in, const Features&, Client& client) {
  for (auto& uri : in.list("redirect_uris")) {
    if (auto checked = check_redirect_uri(uri); !checked) return in.refuse(checked.error());
    const bool known = std::ranges::any_of(
        client.redirect_uris, [&uri](const model::RedirectUri& row) { return row.uri == uri; });
    if (!known) client.redirect_uris.push_back({std::move(uri), std::nullopt});
  }
  if (!in.failed() && client.redirect_uris.empty()) {
    return in.refuse({OAuthErrorCode::invalid_redirect_uri,
                      "The field redirect_uris must hold at least one address."});
  }
  client.post_logout_redirect_uris = in.list("post_logout_redirect_uris");
  for (const auto& uri : client.post_logout_redirect_uris) {
    if (auto checked = check_redirect_uri(uri); !checked) {
      return in.refuse("post_logout_redirect_uris",
                       "holds an address that is not allowed: " + checked.error().description);
    }
  }
}

void read_response_types(MetadataReader& in, const Features& features, Client& client) {
  if (!in.has("response_types")) return;  // {"code"}
  client.response_types = in.list("response_types");
  if (client.response_types.empty()) in.refuse("response_types", "must name at least one.");
  for (const auto& type : client.response_types) {
    auto words = split_words(type);
    std::ranges::sort(words);
    if (!is_one_of(kResponseTypes, join_words(words))) {
      in.refuse("response_types", "holds what this server does not know: " + to_description(type));
    } else if (words.size() != 1 || words.front() != "code") {
      if (features.allow_implicit) continue;
      in.refuse("response_types",
                "may hold code only: this server has the implicit and hybrid flows switched off.");
    }
  }
}

// RFC 7591 §2.1: each response type needs its grant type. What is missing is added, as the section
// allows: the response type has said what is meant.
void read_grant_types(MetadataReader& in, const Features& features, Client& client) {
  auto types = in.list("grant_types");
  for (const auto& type : types) {
    if (!is_one_of(kGrantTypes, type)) {
      in.refuse("grant_types", "may hold authorization_code, implicit and refresh_token.");
    } else if (type == "implicit" && !features.allow_implicit) {
      in.refuse("grant_types",
                "must not hold implicit: this server has the implicit flow switched off.");
    }
  }
  const auto need = [&types](std::string_view type) {
    if (!is_one_of(types, type)) types.emplace_back(type);
  };
  if (any_response_type_with(client, "code")) need("authorization_code");
  if (any_response_type_with(client, "id_token") || any_response_type_with(client, "token")) {
    need("implicit");
  }
  client.grant_types = std::move(types);
}

// OpenID Connect Registration §2, application_type.
void check_implicit_redirects(MetadataReader& in, const Features&, Client& client) {
  if (client.application_type != model::ApplicationType::web ||
      !client.has_grant_type("implicit")) {
    return;
  }
  for (const auto& row : client.redirect_uris) {
    const auto uri = Uri::parse(row.uri);
    const bool on_https = uri && equals_ignore_case(uri->scheme, "https");
    if (!on_https || equals_ignore_case(uri->host, "localhost") ||
        equals_ignore_case(uri->host, "localhost.")) {
      return in.refuse({OAuthErrorCode::invalid_redirect_uri,
                        "A web application with the implicit grant may use https redirect URIs "
                        "only, and not localhost."});
    }
  }
}

void read_scope(MetadataReader& in, const Features&, Client& client) {
  // RFC 7591 §2: the server may replace what was asked for; the answer says what was registered.
  // An empty list would mean every scope, so something must be left.
  const auto asked = split_words(in.text("scope"));
  std::vector<std::string> known;
  for (const auto& word : asked) {
    if (is_known_scope(word) && !is_one_of(known, word)) known.push_back(word);
  }
  if (!asked.empty() && known.empty()) {
    in.refuse("scope", "holds no scope that this server knows.");
  }
  client.scope = join_words(known);
}

void read_keys(MetadataReader& in, const Features&, Client& client) {
  client.jwks_uri = in.address("jwks_uri", AddressRule::https);
  const auto* jwks = in.find("jwks");
  if (!jwks) return;
  if (!client.jwks_uri.empty()) return in.refuse("jwks", "must not stand beside jwks_uri.");
  if (!jwks->is_object()) return in.refuse("jwks", "must be a JWK Set.");
  client.jwks = jwks->dump();
  if (client.jwks.size() > kMaxJwks) return in.refuse("jwks", "is longer than 16 KB.");
  if (auto keys = jose::parse_jwk_set(client.jwks); !keys) in.refuse(keys.error());
}

void read_authentication(MetadataReader& in, const Features&, Client& client) {
  const auto name = in.text("token_endpoint_auth_method");
  const auto method =
      name.empty() ? client.token_endpoint_auth_method : model::parse_client_auth_method(name);
  if (!method) {
    return in.refuse("token_endpoint_auth_method",
                     "may be client_secret_basic, client_secret_post, client_secret_jwt, "
                     "private_key_jwt or none.");
  }
  client.token_endpoint_auth_method = *method;
  const auto alg = in.text("token_endpoint_auth_signing_alg");
  if (*method == ClientAuthMethod::client_secret_jwt) {
    if (!alg.empty() && alg != "HS256") {
      return in.refuse("token_endpoint_auth_signing_alg", "may be HS256 with client_secret_jwt.");
    }
    client.token_endpoint_auth_signing_alg = alg;
  } else if (*method == ClientAuthMethod::private_key_jwt) {
    if (!alg.empty() && !jose::parse_algorithm(alg)) {
      return in.refuse("token_endpoint_auth_signing_alg",
                       "must be an asymmetric algorithm with private_key_jwt, such as RS256.");
    }
    if (client.jwks.empty() && client.jwks_uri.empty()) {
      return in.refuse("token_endpoint_auth_method",
                       "can be private_key_jwt with jwks or jwks_uri only.");
    }
    if (!client.jwks.empty() && jose::parse_jwk_set(client.jwks)->empty()) {
      return in.refuse("jwks", "holds no key that this server can use.");
    }
    client.token_endpoint_auth_signing_alg = alg;
  } else if (alg == "none") {
    in.refuse("token_endpoint_auth_signing_alg", "must not be none.");
  }
}

void read_algorithms(MetadataReader& in, const Features& features, Client& client) {
  if (const auto alg = in.text("id_token_signed_response_alg"); !alg.empty()) {
    if (alg == "none") {
      if (!features.allow_unsigned) {
        in.refuse("id_token_signed_response_alg", "must not be none on this server.");
      } else if (any_response_type_with(client, "id_token")) {
        // OpenID Connect Core §2: only what comes straight from the token endpoint may be unsigned.
        in.refuse("id_token_signed_response_alg",
                  "may be none only for clients that get no ID token through the browser.");
      }
    } else if (!is_one_of(kOurAlgorithms, alg)) {
      in.refuse("id_token_signed_response_alg", "may be RS256, ES256, PS256 or EdDSA.");
    }
    client.id_token_signed_response_alg = alg;
  }
  client.userinfo_signed_response_alg = in.text("userinfo_signed_response_alg");
  if (!client.userinfo_signed_response_alg.empty() &&
      !is_one_of(kOurAlgorithms, client.userinfo_signed_response_alg)) {
    in.refuse("userinfo_signed_response_alg", "may be RS256, ES256, PS256 or EdDSA.");
  }
  const auto object_alg = in.text("request_object_signing_alg");
  const bool unsigned_allowed = features.allow_unsigned && object_alg == "none";
  if (!object_alg.empty() && !unsigned_allowed && !jose::parse_algorithm(object_alg)) {
    in.refuse("request_object_signing_alg",
              features.allow_unsigned
                  ? "must be an asymmetric algorithm, such as RS256, or none."
                  : "must be an asymmetric algorithm, such as RS256; none is switched off here.");
  }
  client.request_object_signing_alg = object_alg;
}

void read_request_rules(MetadataReader& in, const Features&, Client& client) {
  client.request_uris = in.addresses("request_uris", AddressRule::https_with_fragment);
  client.require_pushed_authorization_requests = in.flag("require_pushed_authorization_requests");
  client.require_signed_request_object = in.flag("require_signed_request_object");
  if (client.require_signed_request_object) {
    if (client.request_object_signing_alg == "none") {
      in.refuse("require_signed_request_object",
                "contradicts the field request_object_signing_alg, which is none.");
    } else if (client.jwks.empty() && client.jwks_uri.empty()) {
      in.refuse("require_signed_request_object", "needs jwks or jwks_uri.");
    }
  }
  client.default_max_age_s = in.seconds("default_max_age");
  client.require_auth_time = in.flag("require_auth_time");
  client.default_acr_values = in.list("default_acr_values");
  // Third-party initiated login sends a person's browser there (OpenID Connect Core §4).
  client.initiate_login_uri = in.address("initiate_login_uri", AddressRule::https);
}

void read_subject_type(MetadataReader& in, const Features&, Client& client) {
  client.sector_identifier_uri = in.address("sector_identifier_uri", AddressRule::https);
  const auto type = in.text("subject_type");
  if (!type.empty() && type != "public" && type != "pairwise") {
    return in.refuse("subject_type", "may be public or pairwise.");
  }
  if (type != "pairwise" || in.failed()) return;
  client.subject_type = model::SubjectType::pairwise;
  // OpenID Connect Core §8.1.
  if (!client.sector_identifier_uri.empty()) {
    client.sector_identifier = to_lower_ascii(Uri::parse(client.sector_identifier_uri)->host);
    return;
  }
  for (const auto& row : client.redirect_uris) {
    // An https host only: what stands after a private-use scheme, or on everybody's loopback,
    // belongs to nobody.
    const auto uri = Uri::parse(row.uri);
    const auto host = equals_ignore_case(uri->scheme, "https") ? to_lower_ascii(uri->host) : "";
    if (host.empty() || (!client.sector_identifier.empty() && host != client.sector_identifier)) {
      return in.refuse("sector_identifier_uri",
                       "is needed: the redirect URIs of this pairwise client have not one host.");
    }
    client.sector_identifier = host;
  }
}

void read_logout(MetadataReader& in, const Features&, Client& client) {
  client.frontchannel_logout_uri = in.address("frontchannel_logout_uri", AddressRule::link);
  client.frontchannel_logout_session_required = in.flag("frontchannel_logout_session_required");
  client.backchannel_logout_uri = in.address("backchannel_logout_uri", AddressRule::https);
  client.backchannel_logout_session_required = in.flag("backchannel_logout_session_required");
  if (client.frontchannel_logout_uri.empty() || in.failed()) return;
  const auto uri = Uri::parse(client.frontchannel_logout_uri);
  if (uri->fragment) return in.refuse("frontchannel_logout_uri", "must not have a fragment.");
  // OpenID Connect Front-Channel Logout §2: scheme, host and port of a redirect URI.
  const bool at_home = std::ranges::any_of(client.redirect_uris, [&uri](const auto& row) {
    const auto redirect = Uri::parse(row.uri);
    return redirect && redirect->has_authority && redirect->origin() == uri->origin();
  });
  if (!at_home) {
    in.refuse("frontchannel_logout_uri", "must have the scheme, host and port of a redirect URI.");
  }
}

// What would be silently weaker than what was asked for, if it were ignored like unknown fields.
void refuse_unsupported(MetadataReader& in, const nlohmann::json& metadata) {
  for (const auto& [name, value] : metadata.items()) {
    if (value.is_null()) continue;
    const bool encrypts =
        name.ends_with("_encrypted_response_alg") || name.ends_with("_encrypted_response_enc") ||
        name == "request_object_encryption_alg" || name == "request_object_encryption_enc";
    if (encrypts) in.refuse(to_description(name), "asks for encryption, which is not supported.");
  }
  if (in.has("software_statement")) {
    in.refuse("software_statement", "is not supported: give its values as plain fields.");
  }
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

Result<Client> parse_client_metadata(const nlohmann::json& metadata, const Features& features) {
  Client client;
  MetadataReader in(metadata);
  refuse_unsupported(in, metadata);
  // In this order: later ones rest on what earlier ones have read.
  for (auto* step : {&read_names, &read_redirect_uris, &read_response_types, &read_grant_types,
                     &check_implicit_redirects, &read_scope, &read_keys, &read_authentication,
                     &read_algorithms, &read_request_rules, &read_subject_type, &read_logout}) {
    if (!in.failed()) (*step)(in, features, client);
  }
  if (in.failed()) return std::unexpected(in.error());
  client.pkce_required = client.is_public();
  return client;
}

Result<void> check_sector_document(std::string_view text, const Client& client) {
  // The strict reader takes objects; a second member means that `text` was more than one value.
  const auto refuse = [](std::string_view why) {
    return fail(OAuthErrorCode::invalid_client_metadata,
                "The document at sector_identifier_uri " + std::string(why));
  };
  if (text.size() > kMaxSectorDocument) return refuse("is longer than 64 KB.");
  const auto wrapped = parse_json_object("{\"uris\":" + std::string(text) + "}",
                                         kMaxSectorDocument + 16, /*max_depth=*/3);
  if (!wrapped || wrapped->size() != 1 || !wrapped->begin()->is_array()) {
    return refuse("must be a JSON array of addresses.");
  }
  const auto& uris = *wrapped->begin();
  for (const auto& row : client.redirect_uris) {
    if (std::ranges::find(uris, nlohmann::json(row.uri)) == uris.end()) {
      return refuse("does not hold every redirect URI of this client.");
    }
  }
  return {};
}

}  // namespace oidc::metadata

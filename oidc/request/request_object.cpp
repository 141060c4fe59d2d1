#include "oidc/request/request_object.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/jose/client_jwt.h"

namespace oidc::request {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = 16 * 1024;
constexpr std::size_t kMostMembers = 100;
// Claims of the JWT itself (RFC 7519 §4.1): no parameters of the request.
constexpr std::array<std::string_view, 7> kJwtClaims = {"iss", "sub", "aud", "exp",
                                                        "nbf", "iat", "jti"};

std::unexpected<OAuthError> refuse(std::string description, std::string detail = {}) {
  if (!detail.empty()) detail = "request object: " + detail;
  return fail(OAuthErrorCode::invalid_request_object, std::move(description), std::move(detail));
}

std::unexpected<OAuthError> not_accepted(std::string detail) {
  return refuse(
      "The request object is not accepted: check its signature, alg, kid, iss, aud and "
      "exp.",
      std::move(detail));
}

// RFC 9101 §10.8.1: a JWT that was made for something else is no request object.
bool is_fitting_typ(std::string_view typ) {
  return typ.empty() || equals_ignore_case(typ, "JWT") ||
         equals_ignore_case(typ, "oauth-authz-req+jwt");
}

std::unique_ptr<json> read_header(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos || text.size() > kMostBytes) return nullptr;
  const auto decoded = base64url_decode(text.substr(0, dot));
  return decoded ? parse_json_object(*decoded, kMostBytes) : nullptr;
}

// RFC 7518 §3.6, only where operator and client both allow it.
Result<jose::JwtClaims> open_unsigned(const RequestObjectInput& input, const json& header) {
  const auto& registered = input.client.request_object_signing_alg;
  if (!input.features.allow_unsigned || input.client.require_signed_request_object ||
      !(registered.empty() || registered == "none")) {
    return refuse("The request object must be signed.", "alg none is not allowed for this client");
  }
  const auto first = input.text.find('.');
  const auto second = input.text.find('.', first + 1);
  if (second == std::string_view::npos || second + 1 != input.text.size()) {
    return not_accepted("alg none, but not three parts of which the last is empty");
  }
  if (header.contains("crit") || header.contains("b64") ||
      (header.contains("typ") && !string_member(header, "typ")) ||
      !is_fitting_typ(string_member(header, "typ").value_or(""))) {
    return not_accepted("crit, b64 or another typ in the header");
  }
  const auto payload = base64url_decode(input.text.substr(first + 1, second - first - 1));
  jose::JwtClaims claims = payload ? parse_json_object(*payload, kMostBytes) : nullptr;
  if (!claims) return not_accepted("the payload is no JSON object, or repeats a member");
  return claims;
}

Result<jose::JwtClaims> open_signed(const RequestObjectInput& input) {
  const auto jws = jose::parse_jws(input.text);
  if (!jws) return not_accepted(jws.error().detail);
  if (!is_fitting_typ(jws->typ)) return not_accepted("typ of the header is that of another JWT");
  const auto& registered = input.client.request_object_signing_alg;
  if (!registered.empty() && jws->alg != registered) {
    return not_accepted("alg is not the request_object_signing_alg of the client");
  }
  auto claims = jose::verify_client_jwt(*jws, input.keys, jose::every_algorithm());
  if (!claims) return not_accepted(claims.error().detail);
  return claims;
}

bool names_issuer(const json& aud, std::string_view issuer) {
  if (aud.is_string()) return aud.get_ref<const std::string&>() == issuer;
  return aud.is_array() && std::ranges::any_of(aud, [issuer](const json& one) {
           return one.is_string() && one.get_ref<const std::string&>() == issuer;
         });
}

bool same_words(std::string_view a, std::string_view b) {
  auto left = split_words(a);
  auto right = split_words(b);
  std::ranges::sort(left);
  std::ranges::sort(right);
  return left == right;
}

// The claims about the object itself, and what must not differ between inside and outside.
Result<void> check_claims(const Form& form, const json& claims, const RequestObjectInput& input) {
  const auto& client_id = input.client.client_id;
  if (claims.size() > kMostMembers) return not_accepted("more than 100 members");
  if (claims.contains("iss") && string_member(claims, "iss") != client_id) {
    return not_accepted("iss is not the client_id");
  }
  if (claims.contains("aud") && !names_issuer(claims["aud"], input.issuer)) {
    return not_accepted("aud does not name this server");
  }
  // RFC 9101 §10.8.1: with sub it would be a client assertion.
  if (string_member(claims, "sub") == client_id) return not_accepted("sub is the client_id");
  if (const auto times = jose::check_times(claims, input.now); !times) {
    return not_accepted(times.error().detail);
  }
  if (claims.contains("request") || claims.contains("request_uri")) {
    return refuse("A request object must not hold request or request_uri.");
  }
  if (claims.contains("client_id") && string_member(claims, "client_id") != client_id) {
    return refuse("The client_id of the request object is not that of the request.");
  }
  const auto outer = form.get("response_type");
  if (outer && claims.contains("response_type") &&
      !same_words(string_member(claims, "response_type").value_or(""), *outer)) {
    return refuse("The response_type of the request object is not that of the request.");
  }
  return {};
}

// RFC 9101 §4: parameters that are numbers or objects keep their JSON type inside.
std::optional<std::string> parameter_text(std::string_view name, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return std::nullopt;
  if (name != "resource" || !value.is_array()) return value.dump();
  std::vector<std::string> resources;
  for (const auto& one : value) {
    if (!one.is_string()) return std::nullopt;
    resources.push_back(one.get<std::string>());
  }
  return join_words(resources);
}

Result<Form> merge(const Form& form, const json& claims, const model::Client& client) {
  Form merged = form;
  merged.erase("request");
  merged.erase("request_uri");
  if (client.require_signed_request_object) {
    // RFC 9101 §6.3: only what was signed counts.
    for (const auto& [name, value] : form.entries()) merged.erase(name);
  }
  for (const auto& [name, value] : claims.items()) {
    if (std::ranges::find(kJwtClaims, name) != kJwtClaims.end()) continue;
    auto text = parameter_text(name, value);
    if (!text) return refuse("A parameter in the request object has the wrong JSON type.", name);
    if (!text->empty()) merged.set(name, std::move(*text));
  }
  merged.set("client_id", client.client_id);
  return merged;
}

}  // namespace

Result<Form> merge_request_object(const Form& form, const RequestObjectInput& input) {
  if (input.text.size() > kMostBytes) return refuse("The request object is longer than 16 KB.");
  const auto header = read_header(input.text);
  if (!header) return not_accepted("not a JWT: its header cannot be read");
  const auto claims =
      string_member(*header, "alg") == "none" ? open_unsigned(input, *header) : open_signed(input);
  if (!claims) return std::unexpected(claims.error());
  if (auto sound = check_claims(form, **claims, input); !sound) {
    return std::unexpected(sound.error());
  }
  return merge(form, **claims, input.client);
}

std::optional<std::string> request_object_kid(std::string_view text) {
  const auto jws = jose::parse_jws(text);
  if (!jws || !jose::parse_algorithm(jws->alg)) return std::nullopt;
  return jws->kid;
}

}  // namespace oidc::request

#include "oidc/jose/jws.h"

#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/base/json.h"
#include "oidc/base/text.h"

namespace oidc::jose {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024;

std::unexpected<OAuthError> invalid(std::string detail) {
  return fail(OAuthErrorCode::invalid_token, "The token is not valid.", std::move(detail));
}

// Reads a header member into `out`; false when it is present and no string.
bool take_text(const nlohmann::json& header, std::string_view name, std::string& out) {
  const auto found = header.find(name);
  if (found == header.end()) return true;
  if (!found->is_string()) return false;
  out = found->get<std::string>();
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

Algorithm algorithm_of(const Jwk& jwk) {
  return jwk.alg.value_or(default_algorithm(jwk.key.type()));
}

// The one key that the header may mean: of its kid, or, without a kid, the only one of its `alg`.
Result<const Jwk*> choose_key(const ParsedJws& jws, const std::vector<Jwk>& keys) {
  const Jwk* chosen = nullptr;
  bool kid_known = false;
  for (const Jwk& key : keys) {
    if (key.use == "enc" || (!jws.kid.empty() && key.kid != jws.kid)) continue;
    kid_known = true;
    if (to_string(algorithm_of(key)) != jws.alg) continue;
    if (chosen) return invalid("more than one key fits the header");
    chosen = &key;
  }
  if (chosen) return chosen;
  return invalid(kid_known ? "alg of the header is not the key's" : "no key has the header's kid");
}

}  // namespace

Result<ParsedJws> parse_jws(std::string_view text) {
  if (text.size() > kMostBytes) return invalid("longer than 16 KB");
  const auto first = text.find('.');
  const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
    return invalid("not three parts");
  }
  const auto header_text = base64url_decode(text.substr(0, first));
  auto payload = base64url_decode(text.substr(first + 1, second - first - 1));
  auto signature = base64url_decode(text.substr(second + 1));
  if (!header_text || !payload || !signature) return invalid("a part is not base64url");
  if (signature->empty()) return invalid("no signature");
  const auto header = parse_json_object(*header_text, kMostBytes);
  if (!header) return invalid("the header is no JSON object, or repeats a member");
  if (header->contains("crit") || header->contains("b64")) {
    return invalid("crit or b64 in the header");
  }
  ParsedJws jws;
  if (!take_text(*header, "alg", jws.alg) || !take_text(*header, "kid", jws.kid) ||
      !take_text(*header, "typ", jws.typ)) {
    return invalid("alg, kid or typ of the header is no string");
  }
  if (jws.alg.empty()) return invalid("no alg in the header");
  jws.payload = std::move(*payload);
  jws.signing_input = text.substr(0, second);
  jws.signature = std::move(*signature);
  return jws;
}

bool verify_jws(const ParsedJws& jws, Algorithm algorithm, const crypto::PublicKey& key) {
  const AlgorithmRow& wanted = row(algorithm);
  return jws.alg == wanted.name && key.type() == wanted.key_type &&
         key.verify(wanted.scheme, jws.signing_input, jws.signature);
}

std::optional<std::string> sign_jws(const crypto::PrivateKey& key, Algorithm algorithm,
                                    std::string_view kid, std::string_view typ,
                                    std::string_view payload) {
  const AlgorithmRow& wanted = row(algorithm);
  if (key.type() != wanted.key_type || !is_clean_utf8(kid) || !is_clean_utf8(typ)) {
    return std::nullopt;
  }
  std::string header;
  header.reserve(64 + kid.size() + typ.size());
  header += R"({"alg":")";
  header += wanted.name;
  header += '"';
  if (!typ.empty()) {
    header += R"(,"typ":)";
    append_json_string(header, typ);
  }
  if (!kid.empty()) {
    header += R"(,"kid":)";
    append_json_string(header, kid);
  }
  header += '}';
  std::string token = base64url_encode(header);
  token += '.';
  token += base64url_encode(payload);
  const auto signature = key.sign(wanted.scheme, token);
  if (!signature) return std::nullopt;
  token += '.';
  token += base64url_encode(*signature);
  return token;
}

Result<VerifiedJwt> verify_jwt(std::string_view text, const std::vector<Jwk>& keys) {
  auto jws = parse_jws(text);
  if (!jws) return std::unexpected(jws.error());
  const auto chosen = choose_key(*jws, keys);
  if (!chosen) return std::unexpected(chosen.error());
  const Jwk& key = **chosen;
  const Algorithm algorithm = algorithm_of(key);
  if (!verify_jws(*jws, algorithm, key.key)) return invalid("the signature is wrong");
  std::shared_ptr<const nlohmann::json> claims = parse_json_object(jws->payload, kMostBytes);
  if (!claims) return invalid("the payload is no JSON object, or repeats a member");
  return VerifiedJwt{std::move(jws->typ), std::move(jws->kid), algorithm, std::move(claims)};
}

}  // namespace oidc::jose

// Owns: metadata to start from, for tests of its rules.
#pragma once
#include <nlohmann/json.hpp>

#include "oidc/metadata/client_metadata.h"
#include "tests/support/catch.h"

namespace metadata_test {

using nlohmann::json;
using oidc::OAuthErrorCode;
using oidc::metadata::Features;

// What an operator gets who sets nothing, and one who switches everything on.
inline const Features kDefault;
inline const Features kAll{.allow_implicit = true, .allow_unsigned = true};

inline OAuthErrorCode refusal(const json& metadata, const Features& features = kDefault) {
  const auto client = oidc::metadata::parse_client_metadata(json::parse(metadata.dump()), features);
  REQUIRE_FALSE(client);
  CHECK_FALSE(client.error().description.empty());
  for (unsigned char c : client.error().description) {
    CHECK((c >= 0x20 && c < 0x7f && c != '"' && c != '\\'));
  }
  return client.error().code;
}

inline json minimal() {
  return {{"redirect_uris", {"https://rp.test/cb"}}};
}

inline json with(const char* name, json value) {
  json metadata = minimal();
  metadata[name] = std::move(value);
  return metadata;
}

inline json with(json fields) {
  json metadata = minimal();
  metadata.update(fields);
  return metadata;
}

inline oidc::model::Client accepted(const json& metadata, const Features& features = kDefault) {
  CAPTURE(metadata.dump());
  auto client = oidc::metadata::parse_client_metadata(json::parse(metadata.dump()), features);
  if (!client) FAIL(client.error().description);
  return std::move(*client);
}

// The public key of RFC 7517 appendix A.1, without `kid`, as the conformance suite sends keys.
inline json keys() {
  return json::parse(R"({"keys":[{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256",
      "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
      "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]})");
}

}  // namespace metadata_test

// Owns: reading single fields of client metadata with their types and limits (RFC 7591 §2). Keeps
// the first thing that is wrong; what is read after that is of no use. Knows no field by name.
#pragma once
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oidc/base/result.h"

namespace oidc::metadata {

enum class AddressRule {
  https,                // without fragment
  https_with_fragment,  // request_uris (OpenID Connect Core §6.2)
  link,                 // opened by a browser: https, or http on loopback
};

class MetadataReader {
 public:
  // `metadata` is an object and outlives the reader.
  explicit MetadataReader(const nlohmann::json& metadata) : metadata_(metadata) {}

  // A member that is null counts as absent (RFC 7591 §2.2 has no use for null).
  bool has(const char* field) const { return find(field) != nullptr; }
  const nlohmann::json* find(const char* field) const;

  // Valid UTF-8 without control characters; empty when absent.
  std::string text(const char* field, std::size_t max_bytes = 2048);
  // At most 50 texts of at most 2048 bytes; empty when absent.
  std::vector<std::string> list(const char* field);
  bool flag(const char* field);
  // A number from 0 to ten years of seconds.
  std::optional<std::int64_t> seconds(const char* field);
  std::string address(const char* field, AddressRule rule);
  std::vector<std::string> addresses(const char* field, AddressRule rule);

  // invalid_client_metadata: "The field F why".
  void refuse(std::string_view field, std::string_view why);
  void refuse(OAuthError error);
  bool failed() const { return error_.has_value(); }
  // To be called when failed().
  const OAuthError& error() const { return *error_; }

 private:
  bool is_sound(const char* field, const std::string& text, std::size_t max_bytes);
  void check_address(const char* field, const std::string& text, AddressRule rule);

  const nlohmann::json& metadata_;
  std::optional<OAuthError> error_;
};

}  // namespace oidc::metadata

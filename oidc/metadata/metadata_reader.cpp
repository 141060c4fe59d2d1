#include "oidc/metadata/metadata_reader.h"

#include <nlohmann/json.hpp>

#include "oidc/base/text.h"
#include "oidc/base/uri.h"

namespace oidc::metadata {
namespace {

constexpr std::size_t kMaxListed = 50;
constexpr std::size_t kMaxItem = 2048;
constexpr std::int64_t kMaxSeconds = 315'360'000;  // ten years

}  // namespace

const nlohmann::json* MetadataReader::find(const char* field) const {
  const auto found = metadata_.find(field);
  return found == metadata_.end() || found->is_null() ? nullptr : &*found;
}

void MetadataReader::refuse(std::string_view field, std::string_view why) {
  refuse({OAuthErrorCode::invalid_client_metadata,
          "The field " + std::string(field) + " " + std::string(why)});
}

void MetadataReader::refuse(OAuthError error) {
  if (!error_) error_ = std::move(error);
}

bool MetadataReader::is_sound(const char* field, const std::string& value, std::size_t max_bytes) {
  if (value.size() > max_bytes || !is_clean_utf8(value)) {
    refuse(field, "is too long or not valid UTF-8.");
    return false;
  }
  for (const unsigned char c : value) {
    if (c >= 0x20 && c != 0x7f) continue;
    refuse(field, "holds a control character.");
    return false;
  }
  return true;
}

std::string MetadataReader::text(const char* field, std::size_t max_bytes) {
  const auto* found = find(field);
  if (!found) return "";
  if (!found->is_string()) {
    refuse(field, "must be a text.");
    return "";
  }
  auto value = found->get<std::string>();
  return is_sound(field, value, max_bytes) ? value : "";
}

std::vector<std::string> MetadataReader::list(const char* field) {
  const auto* found = find(field);
  if (!found) return {};
  if (!found->is_array() || found->size() > kMaxListed) {
    refuse(field, "must be a list of at most 50 texts.");
    return {};
  }
  std::vector<std::string> out;
  for (const auto& item : *found) {
    if (!item.is_string()) {
      refuse(field, "must be a list of texts of at most 2048 bytes.");
      return {};
    }
    out.push_back(item.get<std::string>());
    if (!is_sound(field, out.back(), kMaxItem)) return {};
  }
  return out;
}

bool MetadataReader::flag(const char* field) {
  const auto* found = find(field);
  if (!found) return false;
  if (!found->is_boolean()) {
    refuse(field, "must be true or false.");
    return false;
  }
  return found->get<bool>();
}

std::optional<std::int64_t> MetadataReader::seconds(const char* field) {
  const auto* found = find(field);
  if (!found) return std::nullopt;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > kMaxSeconds) {
    refuse(field, "must be a number of seconds.");
    return std::nullopt;
  }
  return found->get<std::int64_t>();
}

void MetadataReader::check_address(const char* field, const std::string& value, AddressRule rule) {
  const auto uri = Uri::parse(value);
  const bool on_web = uri && uri->has_authority && !uri->has_userinfo;
  const bool is_https = on_web && equals_ignore_case(uri->scheme, "https");
  const bool on_loopback =
      on_web && equals_ignore_case(uri->scheme, "http") && is_loopback_host(uri->host);
  if (!is_https && !(rule == AddressRule::link && on_loopback)) {
    refuse(field, "must be an https address.");
  } else if (rule == AddressRule::https && uri->fragment) {
    refuse(field, "must not have a fragment.");
  }
}

std::string MetadataReader::address(const char* field, AddressRule rule) {
  auto value = text(field);
  if (!value.empty()) check_address(field, value, rule);
  return value;
}

std::vector<std::string> MetadataReader::addresses(const char* field, AddressRule rule) {
  auto values = list(field);
  for (const auto& value : values) check_address(field, value, rule);
  return values;
}

}  // namespace oidc::metadata

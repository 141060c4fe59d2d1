#include "server/signin/own_seal.h"

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/crypto/aead.h"

namespace server::signin {
namespace {

constexpr std::size_t kMostSealed = 1024;
constexpr std::string_view kNotice = "notice";

std::string place(const provider::Provider& provider, std::string_view purpose,
                  std::string_view owner) {
  return "latchkey own page v1|" + provider.issuer + "|" + std::string(purpose) + "|" +
         std::string(owner);
}

}  // namespace

std::string seal_own(const provider::Provider& provider, std::string_view purpose,
                     std::string_view owner, std::string_view value) {
  const auto plain = std::to_string(oidc::to_millis(provider.now())) + " " + std::string(value);
  return oidc::base64url_encode(oidc::crypto::seal(provider.keys.purpose_key("seal"), plain,
                                                   place(provider, purpose, owner)));
}

std::optional<std::string> open_own(const provider::Provider& provider, std::string_view purpose,
                                    std::string_view owner, std::string_view sealed) {
  if (sealed.empty() || sealed.size() > kMostSealed) return std::nullopt;
  const auto bytes = oidc::base64url_decode(sealed);
  if (!bytes) return std::nullopt;
  const auto plain = oidc::crypto::open(provider.keys.purpose_key("seal"), *bytes,
                                        place(provider, purpose, owner));
  if (!plain) return std::nullopt;
  const auto space = plain->find(' ');
  const auto at = oidc::parse_unsigned(std::string_view(*plain).substr(0, space));
  if (space == std::string::npos || !at) return std::nullopt;
  if (provider.now() - oidc::from_millis(*at) > provider.config.interaction_lifetime) {
    return std::nullopt;
  }
  return plain->substr(space + 1);
}

std::string own_page_with_notice(const provider::Provider& provider, std::string path,
                                 std::string_view user_id, std::string_view key) {
  path.push_back(path.find('?') == std::string::npos ? '?' : '&');
  return path + "n=" + seal_own(provider, kNotice, user_id, key);
}

std::string open_notice(const provider::Provider& provider, std::string_view user_id,
                        std::string_view sealed) {
  return open_own(provider, kNotice, user_id, sealed).value_or("");
}

}  // namespace server::signin

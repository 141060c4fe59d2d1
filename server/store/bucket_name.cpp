#include "server/store/bucket_name.h"

#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"

namespace server::store {

std::string bucket_name(std::string_view key, std::string_view kind, std::string_view value) {
  const std::string word(kind);
  return word + ":" +
         oidc::base64url_encode(oidc::crypto::hmac_sha256(key, word + "|" + std::string(value)));
}

}  // namespace server::store

#include "oidc/token/subject.h"

#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"

namespace oidc::token {

std::string subject_for(const model::Client& client, std::string_view user_id,
                        std::string_view pairwise_key) {
  if (client.subject_type == model::SubjectType::public_) return std::string(user_id);
  // A host holds no NUL, so no two pairs run into one.
  std::string text = client.sector_identifier;
  text.push_back('\0');
  text += user_id;
  return base64url_encode(crypto::hmac_sha256(pairwise_key, text));
}

}  // namespace oidc::token

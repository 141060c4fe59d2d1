// Assertions that clients authenticated with: each is accepted once (RFC 7523 §3, point 7).
#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"
#include "server/store/sql/state.h"

namespace server::store {

using sql::Access;
using sql::Transaction;

Task<StoreResult<bool>> Store::use_assertion(std::string client_id, std::string jti,
                                             TimePoint expires_at, TimePoint now) {
  // A digest, because a client chooses its `jti` and may put anything into it. No text holds a NUL,
  // so that two pairs never run together.
  std::string pair = std::move(client_id);
  pair.push_back('\0');
  pair.append(jti);
  co_return co_await sql::submit<bool>(
      *state_, Access::write,
      [digest = oidc::base64url_encode(oidc::crypto::sha256(pair)),
       until = std::max(expires_at, now)](Transaction& tx) -> StoreResult<bool> {
        return tx.execute(
                   "INSERT INTO client_assertions (digest, expires_at)"
                   " VALUES (:digest, :expires_at) ON CONFLICT (digest) DO NOTHING",
                   {{"digest", digest}, {"expires_at", until}}) == 1;
      });
}

}  // namespace server::store

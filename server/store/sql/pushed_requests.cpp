#include "server/store/sql/pushed_requests.h"

#include "oidc/crypto/digest.h"
#include "server/store/sql/state.h"

namespace server::store {

using sql::Access;
using sql::Rows;
using sql::Transaction;

bool sql::use_pushed_request(Transaction& tx, const OpaqueCredential& request,
                             const std::string& client_id, TimePoint now) {
  return tx.execute(
             "UPDATE pushed_requests SET used_at = :now WHERE id = :id AND digest = :digest"
             " AND client_id = :client_id AND used_at IS NULL",
             {{"now", now},
              {"id", request.row},
              {"digest", request.digest},
              {"client_id", client_id}}) == 1;
}

Task<StoreResult<void>> Store::insert_pushed_request(PushedRequest request, TimePoint now) {
  co_return co_await sql::submit<void>(
      *state_, Access::write,
      [request = std::move(request), now](Transaction& tx) -> StoreResult<void> {
        tx.execute(
            "INSERT INTO pushed_requests (id, digest, client_id, parameters, created_at,"
            " expires_at, used_at)"
            " VALUES (:id, :digest, :client_id, :parameters, :now, :expires_at, NULL)",
            {{"id", request.stored.row},
             {"digest", request.stored.digest},
             {"client_id", request.client_id},
             {"parameters", request.parameters},
             {"now", now},
             {"expires_at", request.expires_at}});
        return {};
      });
}

Task<StoreResult<std::optional<PushedRequest>>> Store::find_pushed_request(
    OpaqueCredential credential, TimePoint now) {
  co_return co_await sql::submit<std::optional<PushedRequest>>(
      *state_, Access::read,
      [credential = std::move(credential),
       now](Transaction& tx) -> StoreResult<std::optional<PushedRequest>> {
        Rows rows = tx.query(
            "SELECT digest, client_id, parameters, expires_at FROM pushed_requests"
            " WHERE id = :id AND used_at IS NULL AND expires_at > :now",
            "ttti", {{"id", credential.row}, {"now", now}});
        if (!rows.next() || !oidc::crypto::equal_constant_time(rows.text(0), credential.digest)) {
          return std::optional<PushedRequest>();
        }
        return PushedRequest{credential, rows.text(1), rows.text(2), rows.time(3)};
      });
}

}  // namespace server::store

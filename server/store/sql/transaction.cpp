#include "server/store/sql/transaction.h"

namespace server::store::sql {

void Transaction::audit(std::string_view action, const Actor& actor, std::string_view subject,
                        std::string_view detail, TimePoint now) {
  execute(
      "INSERT INTO audit (id, occurred_at, action, actor, address, subject, detail)"
      " VALUES (:id, :now, :action, :actor, :address, :subject, :detail)",
      {{"id", next_row()},
       {"now", now},
       {"action", action},
       {"actor", actor.name},
       {"address", actor.address},
       {"subject", subject},
       {"detail", detail}});
}

}  // namespace server::store::sql

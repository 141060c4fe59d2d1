// How pages and mail look, one record for each client and one (with an empty id) for all others.
#include "oidc/base/base64url.h"
#include "server/store/sql/branding_rows.h"
#include "server/store/sql/state.h"

namespace server::store {

using oidc::model::Branding;
using sql::Access;
using sql::Rows;
using sql::Transaction;
using BrandingPointer = std::shared_ptr<const Branding>;

namespace sql {

bool delete_branding(Transaction& tx, const std::string& client_id) {
  return tx.execute("DELETE FROM branding WHERE client_id = :client_id",
                    {{"client_id", client_id}}) == 1;
}

}  // namespace sql

namespace {

BrandingPointer load_branding(Transaction& tx, const std::string& client_id) {
  Rows rows = tx.query(
      "SELECT name, primary_color, logo_type, logo, email_from_name, reply_to_email, support_email,"
      " support_url FROM branding WHERE client_id = :client_id",
      "tttttttt", {{"client_id", client_id}});
  if (!rows.next()) return nullptr;
  const auto logo = oidc::base64url_decode(rows.text(3));
  if (!logo) throw sql::SqlError(sql::SqlFault::failed, "the logo of a client is damaged");
  auto branding = std::make_shared<Branding>();
  branding->name = rows.text(0);
  branding->primary_color = rows.text(1);
  branding->logo_type = rows.text(2);
  branding->logo = *logo;
  branding->email_from_name = rows.text(4);
  branding->reply_to_email = rows.text(5);
  branding->support_email = rows.text(6);
  branding->support_url = rows.text(7);
  return branding;
}

void write_branding(Transaction& tx, const std::string& client_id, const Branding& branding,
                    TimePoint now) {
  tx.execute(
      "INSERT INTO branding (client_id, name, primary_color, logo_type, logo, email_from_name,"
      " reply_to_email, support_email, support_url, updated_at)"
      " VALUES (:client_id, :name, :primary_color, :logo_type, :logo, :email_from_name,"
      " :reply_to_email, :support_email, :support_url, :now)"
      " ON CONFLICT (client_id) DO UPDATE SET name = excluded.name,"
      " primary_color = excluded.primary_color, logo_type = excluded.logo_type,"
      " logo = excluded.logo, email_from_name = excluded.email_from_name,"
      " reply_to_email = excluded.reply_to_email, support_email = excluded.support_email,"
      " support_url = excluded.support_url, updated_at = excluded.updated_at",
      {{"client_id", client_id},
       {"name", branding.name},
       {"primary_color", branding.primary_color},
       {"logo_type", branding.logo_type},
       {"logo", oidc::base64url_encode(branding.logo)},
       {"email_from_name", branding.email_from_name},
       {"reply_to_email", branding.reply_to_email},
       {"support_email", branding.support_email},
       {"support_url", branding.support_url},
       {"now", now}});
}

}  // namespace

Task<StoreResult<BrandingPointer>> Store::find_branding(std::string client_id) {
  // Most clients have no record: that is remembered too.
  if (auto held = state_->brandings.find(client_id)) co_return std::move(*held);
  co_return co_await sql::submit<BrandingPointer>(
      *state_, Access::read,
      [state = state_.get(),
       client_id = std::move(client_id)](Transaction& tx) -> StoreResult<BrandingPointer> {
        const auto generation = state->brandings.generation();
        BrandingPointer branding = load_branding(tx, client_id);
        state->brandings.put(client_id, branding, generation);
        return branding;
      });
}

std::shared_ptr<const oidc::model::Client> Store::last_client(const std::string& client_id) const {
  return state_->clients.last(client_id).value_or(nullptr);
}

BrandingPointer Store::last_branding(const std::string& client_id) const {
  return state_->brandings.last(client_id).value_or(nullptr);
}

Task<StoreResult<void>> Store::set_branding(std::string client_id, Branding branding, Actor actor,
                                            TimePoint now) {
  auto result = co_await sql::submit<void>(
      *state_, Access::write,
      [client_id, branding = std::move(branding), actor = std::move(actor),
       now](Transaction& tx) -> StoreResult<void> {
        write_branding(tx, client_id, branding, now);
        tx.audit("branding.set", actor, client_id, "", now);
        return {};
      });
  state_->brandings.erase(client_id);
  co_return result;
}

Task<StoreResult<bool>> Store::remove_branding(std::string client_id, Actor actor, TimePoint now) {
  auto result = co_await sql::submit<bool>(
      *state_, Access::write,
      [client_id, actor = std::move(actor), now](Transaction& tx) -> StoreResult<bool> {
        if (!sql::delete_branding(tx, client_id)) return false;
        tx.audit("branding.remove", actor, client_id, "", now);
        return true;
      });
  state_->brandings.erase(client_id);
  co_return result;
}

}  // namespace server::store

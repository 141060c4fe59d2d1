#include "server/mail/outbox.h"

#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/base/json.h"
#include "oidc/crypto/aead.h"
#include "oidc/crypto/digest.h"
#include "oidc/model/user.h"

namespace server::mail {
namespace {

constexpr const char* kPurpose = "mail";
constexpr std::size_t kLogNameBytes = 9;

std::string place_of(std::string_view kind, std::int64_t row) {
  return "latchkey mail v1|" + std::string(kind) + "|" + std::to_string(row);
}

struct Member {
  const char* name;
  std::string Message::* field;
};
constexpr Member kMembers[] = {
    {"subject", &Message::subject},     {"text", &Message::text},         {"html", &Message::html},
    {"from_name", &Message::from_name}, {"reply_to", &Message::reply_to}, {"to", &Message::to},
    {"language", &Message::language},
};

}  // namespace

store::QueuedMail make_queued(const keys::KeyRing& keys, const Message& message,
                              const MailOrder& order) {
  nlohmann::json plain;
  for (const auto& member : kMembers) plain[member.name] = message.*member.field;
  const std::string kind(to_string(order.kind));
  store::QueuedMail queued;
  queued.id = order.row;
  queued.kind = kind;
  queued.address_fold = oidc::model::fold_email(message.to).value_or("");
  queued.sealed = oidc::base64url_encode(
      oidc::crypto::seal(keys.purpose_key(kPurpose),
                         plain.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                         place_of(kind, order.row)));
  queued.client_id = order.client_id;
  queued.user_id = order.user_id;
  queued.decoy = order.decoy;
  queued.created_at = order.created_at;
  queued.not_after = order.not_after;
  return queued;
}

std::optional<Message> open_queued(const keys::KeyRing& keys, const store::MailRow& row) {
  const auto bytes = oidc::base64url_decode(row.sealed);
  const auto plain =
      bytes ? oidc::crypto::open(keys.purpose_key(kPurpose), *bytes, place_of(row.kind, row.id))
            : std::nullopt;
  const auto object = plain ? oidc::parse_json_object(*plain) : nullptr;
  if (!object) return std::nullopt;
  Message message;
  for (const auto& member : kMembers) {
    message.*member.field = oidc::string_member(*object, member.name).value_or("");
  }
  return message;
}

std::string log_name(const keys::KeyRing& keys, std::string_view address_fold) {
  const auto digest = oidc::crypto::hmac_sha256(
      keys.purpose_key(kPurpose), "latchkey mail log v1|" + std::string(address_fold));
  return oidc::base64url_encode(std::string_view(digest).substr(0, kLogNameBytes));
}

}  // namespace server::mail

// Owns: a composed message as the row that waits in the queue: sealed, because it holds a link and
// a code that sign people in, and bound to its row. The row is erased of it when it was sent.
#pragma once
#include <optional>
#include <string>

#include "server/keys/key_ring.h"
#include "server/mail/compose.h"
#include "server/store/store.h"

namespace server::mail {

struct MailOrder {
  MailKind kind = MailKind::sign_in;
  std::string user_id;    // empty for a stranger
  std::string client_id;  // may be empty
  bool decoy = false;     // costs the same and is never sent
  oidc::TimePoint created_at{}, not_after{};
  std::int64_t row = 0;  // store.next_row()
};

// Give the result to store.queue_mail() or store.start_challenge().
store::QueuedMail make_queued(const keys::KeyRing& keys, const Message& message,
                              const MailOrder& order);
// Nothing when the row was altered, or sealed under another key.
std::optional<Message> open_queued(const keys::KeyRing& keys, const store::MailRow& row);

// Names an address in the log without telling it: the same address, the same name.
std::string log_name(const keys::KeyRing& keys, std::string_view address_fold);

}  // namespace server::mail

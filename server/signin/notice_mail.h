// Owns: the mail that tells a person of a change of their account. It is queued in the transaction
// of what it tells of (store::Store).
#pragma once
#include <optional>
#include <string>

#include "oidc/model/user.h"
#include "server/http/message.h"
#include "server/mail/mail.h"
#include "server/provider/provider.h"

namespace server::signin {

struct NoticeOrder {
  mail::MailKind kind = mail::MailKind::password_changed;
  std::string user_id;
  std::string to;         // the stored address; of a changed one the old
  std::string client_id;  // whose looks it has; empty: the service's
  std::string language = "en";
  std::string path;  // of ours, where its button leads; empty: no button
};

// Nothing where mail is not set up.
runtime::Task<store::StoreResult<std::optional<store::QueuedMail>>> make_notice(
    const provider::Provider& provider, const http::Request& request, NoticeOrder order);

}  // namespace server::signin

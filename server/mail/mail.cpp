#include "server/mail/mail.h"

namespace server::mail {

std::string_view to_string(MailKind kind) {
  switch (kind) {
    case MailKind::sign_in:
      return "sign_in";
    case MailKind::sign_up:
      return "sign_up";
    case MailKind::sign_up_known:
      return "sign_up_known";
    case MailKind::reset_password:
      return "reset_password";
    case MailKind::change_email:
      return "change_email";
    case MailKind::password_changed:
      return "password_changed";
    case MailKind::email_changed:
      return "email_changed";
    case MailKind::new_sign_in:
      return "new_sign_in";
    case MailKind::account_deleted:
      return "account_deleted";
  }
  return "";
}

}  // namespace server::mail

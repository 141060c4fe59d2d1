// Owns: mail as values: what is to be sent, and what became of it. Composing is compose.h, the
// queue's worker is courier.h; the rows are in server/store.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server::mail {

// One template per kind: templates/mail/<kind>.{text,html}.mustache.
enum class MailKind {
  sign_in,           // link and code
  sign_up,           // link and code, for an address that has no account
  sign_up_known,     // for one that has: "you already have an account"
  reset_password,    // link and code
  change_email,      // link and code, to the new address
  password_changed,  // notices: to whom the account belongs
  email_changed,     // to the old address
  new_sign_in,       // a sign-in from a browser not seen before
  account_deleted,
};
inline constexpr MailKind kMailKinds[] = {
    MailKind::sign_in,        MailKind::sign_up,      MailKind::sign_up_known,
    MailKind::reset_password, MailKind::change_email, MailKind::password_changed,
    MailKind::email_changed,  MailKind::new_sign_in,  MailKind::account_deleted,
};
std::string_view to_string(MailKind kind);

}  // namespace server::mail

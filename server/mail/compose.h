// Owns: a mail as text and HTML in the person's language, from templates/mail/<kind>.*, in the
// looks of the application that asked; and its form on the wire (RFC 5322, RFC 2045, RFC 2047). The
// row that waits in the queue is outbox.h.
#pragma once
#include <cstdint>
#include <string>

#include "server/mail/mail.h"

namespace server::mail {

struct MailInput {
  MailKind kind = MailKind::sign_in;
  std::string to;  // the stored address, never the typed one
  std::string language = "en";
  std::string application_name;                                                // never empty
  std::string from_name, reply_to, support_email, support_url, primary_color;  // may be empty
  std::string link;       // absolute, below the issuer; empty where the kind has none
  std::string code;       // as it is typed, "123 456"; may be empty
  std::string requester;  // "Firefox on Android, from 198.51.100.7"; may be empty
  std::string minutes;    // how long link and code can be used: "10", or in words
  std::string when;       // of a notice: when it happened (page::date_time)
};

struct Message {
  std::string subject, text, html;  // UTF-8
  std::string from_name, reply_to;
  std::string to;
  std::string language = "en";
};

// Nothing of the input can add a header or a recipient: control characters are taken out.
Message compose(const MailInput& input);

// The message as RFC 5322 and MIME (multipart/alternative, quoted-printable or base64, CRLF), with
// Date, Message-ID (from `id`, the same at each attempt, so that a receiver can tell a double),
// Auto-Submitted: auto-generated.
std::string to_rfc5322(const Message& message, const std::string& from_address, std::int64_t id,
                       std::int64_t now_s);

}  // namespace server::mail

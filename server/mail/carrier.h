// Owns: where the courier hands a message over: to a mail server, or to the inbox of `latchkey
// dev`.
#pragma once
#include <cstdint>

#include "server/mail/compose.h"
#include "server/outbound/smtp.h"

namespace server::mail {

class Carrier {
 public:
  virtual ~Carrier() = default;
  // Blocking; from several threads. `id` is the row: the same message, the same id.
  virtual outbound::SmtpResult carry(const Message& message, std::int64_t id) = 0;
  // What is under way ends soon, and nothing is carried any more.
  virtual void stop() {}
};

// By SMTP, from one address.
class SmtpCarrier : public Carrier {
 public:
  SmtpCarrier(outbound::SmtpOptions options, std::string from_address);
  outbound::SmtpResult carry(const Message& message, std::int64_t id) override;
  void stop() override;

 private:
  outbound::SmtpSender sender_;
  const std::string from_address_;
};

}  // namespace server::mail

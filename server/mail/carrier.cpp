#include "server/mail/carrier.h"

#include <chrono>

#include "oidc/base/time.h"

namespace server::mail {

SmtpCarrier::SmtpCarrier(outbound::SmtpOptions options, std::string from_address)
    : sender_(std::move(options)), from_address_(std::move(from_address)) {}

outbound::SmtpResult SmtpCarrier::carry(const Message& message, std::int64_t id) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return sender_.send({.from = from_address_,
                       .to = message.to,
                       .text = to_rfc5322(message, from_address_, id, oidc::to_seconds(now))});
}

void SmtpCarrier::stop() {
  sender_.stop();
}

}  // namespace server::mail

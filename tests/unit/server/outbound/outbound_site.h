// Owns: what tests of outgoing requests share: options that reach the servers on loopback, and the
// plainest answer.
#pragma once
#include <expected>
#include <string>
#include <vector>

#include "server/outbound/outbound.h"
#include "tests/unit/server/outbound/https_server.h"

namespace outbound_test {

using server::outbound::OutboundAnswer;
using server::outbound::OutboundError;
using server::outbound::OutboundOptions;

using Result = std::expected<OutboundAnswer, OutboundError>;

inline OutboundOptions options_for(const Certificate& certificate) {
  OutboundOptions options;
  options.allowed_addresses = {"127.0.0.0/8"};
  options.ca_file = certificate.cert();
  options.look_up = [](const std::string& name) {
    return name == "rp.example.com" ? std::vector<std::string>{"127.0.0.1"}
                                    : std::vector<std::string>{};
  };
  return options;
}

inline void say_ok(Conversation& conversation) {
  conversation.answer("200 OK\r\nContent-Type: text/plain", "ok");
}

}  // namespace outbound_test

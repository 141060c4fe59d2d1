// Owns: whether a parsed request head is let through (RFC 9110 §7.2, RFC 9112 §3, §6). Pure. It
// stands between the parser and everything else, because the parser alone lets request smuggling
// through; what it refuses ends the connection.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"
#include "server/http/request_head.h"

namespace server::http {

constexpr std::size_t kFieldLimit = 100;

struct GateRules {
  // Lower case, without ":80" and ":443"; empty: every well-formed Host.
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> any_host_paths;
};

struct Admission {
  Method method = Method::get;
  std::string_view path;  // views into the head
  std::string_view query;
  std::uint64_t content_length = 0;  // bytes; no field means no body
  bool keep_alive = true;
  bool expects_continue = false;
};

struct Refusal {
  int status = 400;         // 400, 414, 421 or 501; 414 and 421: all fields are sound
  std::string_view reason;  // one ASCII sentence
};

std::expected<Admission, Refusal> admit(const RequestHead& head, const GateRules& rules);

// "host", "host:port", "[v6]:port". No user information, no list, no empty port.
bool is_well_formed_host(std::string_view host);
// Lower case, without the default ports 80 and 443.
std::string normal_host(std::string_view host);

}  // namespace server::http

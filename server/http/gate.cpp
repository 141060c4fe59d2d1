#include "server/http/gate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "oidc/base/text.h"
#include "server/http/token.h"

namespace server::http {
namespace {

using Verdict = std::optional<Refusal>;

std::optional<Method> parse_method(std::string_view text) {
  for (const Method method : {Method::get, Method::head, Method::post, Method::put, Method::patch,
                              Method::delete_, Method::options}) {
    if (text == to_string(method)) return method;
  }
  return std::nullopt;
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  const auto number = oidc::parse_unsigned(text);
  return number && *number > 0 && *number <= 65535;
}

Verdict check_target(std::string_view target) {
  if (target.size() > kTargetLimit) return Refusal{414, "The address is too long."};
  if (!target.starts_with('/')) {
    return Refusal{400, "The request target must be a path that begins with '/'."};
  }
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c <= 0x20 || c >= 0x7f || c == '\\' || c == '#') {
      return Refusal{400, "The address holds a character it can't."};
    }
    if (c == '%' && target.substr(i, 3) == "%00") {
      return Refusal{400, "The address holds a NUL."};
    }
  }
  return std::nullopt;
}

Verdict check_host(std::string_view host, std::string_view path, const GateRules& rules) {
  if (!is_well_formed_host(host)) return Refusal{400, "The field Host is malformed."};
  if (rules.allowed_hosts.empty()) return std::nullopt;
  if (std::ranges::find(rules.any_host_paths, path) != rules.any_host_paths.end()) {
    return std::nullopt;
  }
  const auto is_known = [&](std::string_view name) {
    return std::ranges::find(rules.allowed_hosts, name) != rules.allowed_hosts.end();
  };
  if (is_known(host) || is_known(normal_host(host))) return std::nullopt;
  return Refusal{421, "This server does not answer for that host."};
}

bool read_length(std::string_view value, std::uint64_t& length) {
  const auto number = oidc::parse_unsigned(value);
  if (!number) return false;
  length = static_cast<std::uint64_t>(*number);
  return true;
}

// What the gate takes from the fields in its one pass over them.
struct Fields {
  std::size_t hosts = 0;
  std::string_view host;
  std::size_t lengths = 0;
};

void read_connection(std::string_view value, Admission& admission) {
  for_each_element(value, [&](std::string_view option) {
    if (oidc::equals_ignore_case(option, "close")) admission.keep_alive = false;
  });
}

Verdict check_fields(const RequestHead& head, Fields& seen, Admission& admission) {
  if (head.fields.size() > kFieldLimit) return Refusal{400, "The request has too many fields."};
  for (const auto& [name, value] : head.fields) {
    // NUL, and text that is no UTF-8, would reach the database through some field sooner or later.
    if (has_control(value, true) || !oidc::is_clean_utf8(value)) {
      return Refusal{400, "A field holds a character it can't."};
    }
    if (name == "host") {
      ++seen.hosts;
      seen.host = value;
    } else if (name == "content-length") {
      ++seen.lengths;
      if (!read_length(value, admission.content_length)) {
        return Refusal{400, "The field Content-Length must be one number."};
      }
    } else if (name == "transfer-encoding") {
      return Refusal{400, "Transfer-Encoding is not supported: send Content-Length."};
    } else if (name == "trailer") {
      return Refusal{400, "Trailers are not supported."};
    } else if (name == "connection") {
      read_connection(value, admission);
    } else if (name == "expect") {
      admission.expects_continue =
          head.version >= 11 && oidc::equals_ignore_case(value, "100-continue");
    }
  }
  if (seen.lengths > 1) return Refusal{400, "The field Content-Length must stand once."};
  if (seen.hosts != 1) return Refusal{400, "The field Host must stand exactly once."};
  return std::nullopt;
}

}  // namespace

bool is_well_formed_host(std::string_view host) {
  if (host.size() > 255) return false;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    in6_addr address;
    if (inet_pton(AF_INET6, std::string(host.substr(1, end - 1)).c_str(), &address) != 1) {
      return false;
    }
    const std::string_view rest = host.substr(end + 1);
    return rest.empty() || (rest.starts_with(':') && is_port(rest.substr(1)));
  }
  const auto colon = host.find(':');
  const std::string_view name = host.substr(0, colon);
  if (name.empty() || name.front() == '.' || name.front() == '-') return false;
  const bool is_plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
  return is_plain && (colon == std::string_view::npos || is_port(host.substr(colon + 1)));
}

std::string normal_host(std::string_view host) {
  for (const std::string_view port : {":80", ":443"}) {
    if (host.ends_with(port)) {
      host.remove_suffix(port.size());
      break;
    }
  }
  return oidc::to_lower_ascii(host);
}

std::expected<Admission, Refusal> admit(const RequestHead& head, const GateRules& rules) {
  Admission admission;
  if (head.version != 10 && head.version != 11) {
    return std::unexpected(Refusal{400, "Only HTTP/1.1 and HTTP/1.0 are spoken here."});
  }
  // HTTP/1.0 is answered and closed, whatever it asks for.
  admission.keep_alive = head.version == 11;
  Fields seen;
  if (auto refusal = check_fields(head, seen, admission)) return std::unexpected(*refusal);
  const auto method = parse_method(head.method);
  if (!method) return std::unexpected(Refusal{501, "That method is not known here."});
  admission.method = *method;
  if (auto refusal = check_target(head.target)) return std::unexpected(*refusal);
  const auto question = head.target.find('?');
  admission.path = head.target.substr(0, question);
  if (question != std::string_view::npos) admission.query = head.target.substr(question + 1);
  if (auto refusal = check_host(seen.host, admission.path, rules)) {
    return std::unexpected(*refusal);
  }
  return admission;
}

}  // namespace server::http

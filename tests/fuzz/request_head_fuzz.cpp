// The way of a request from bytes to the gate (RFC 9112 §2 to §6): however the bytes are cut, the
// same is found, and nothing that could be read in two ways gets through.
#include <algorithm>
#include <string>

#include "oidc/base/text.h"
#include "server/http/gate.h"
#include "server/http/request_head.h"
#include "tests/fuzz/fuzz.h"

using namespace server::http;

namespace {

using State = HeadScanner::State;

// The outcome when the bytes arrive one after the other.
State scan_slowly(std::string_view bytes, HeadScanner& scanner) {
  State state = State::incomplete;
  for (std::size_t size = 1; size <= bytes.size() && state == State::incomplete; ++size) {
    state = scanner.scan(bytes.substr(0, size));
  }
  return state;
}

bool has_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

void check_admitted(const RequestHead& head, const Admission& admitted) {
  fuzz::promise(admitted.path.starts_with('/'), "a path begins with a slash");
  fuzz::promise(oidc::is_printable_ascii(head.target), "a target is printable ASCII");
  const auto count = [&](std::string_view name) {
    return std::ranges::count(head.fields, name, [](const auto& field) { return field.first; });
  };
  fuzz::promise(count("host") <= 1, "no second Host");
  fuzz::promise(count("transfer-encoding") == 0, "no Transfer-Encoding");
  fuzz::promise(count("trailer") == 0, "no Trailer");
  fuzz::promise(count("content-length") <= 1, "no second Content-Length");
  fuzz::promise(admitted.content_length == 0 || count("content-length") == 1,
                "a body has its length");
  fuzz::promise(head.fields.size() <= kFieldLimit, "at most kFieldLimit fields");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = fuzz::view(data, size);
  HeadScanner at_once;
  const State state = at_once.scan(bytes);
  if (size > 0 && size <= 4096) {  // the slow way takes time
    HeadScanner slow;
    fuzz::promise(scan_slowly(bytes, slow) == state, "cutting does not change the outcome");
    fuzz::promise(state != State::complete || slow.size() == at_once.size(),
                  "cutting does not change the size");
  }
  if (state != State::complete) return 0;
  fuzz::promise(at_once.size() <= size && at_once.size() <= kHeadLimit, "a head within its limit");
  RequestHead head;
  if (!parse_head(bytes.substr(0, at_once.size()), head)) return 0;
  for (const auto& [name, value] : head.fields) {
    fuzz::promise(!has_break(name) && !has_break(value), "no line break within a field");
    fuzz::promise(name == oidc::to_lower_ascii(name), "names in lower case");
  }
  const GateRules rules{.allowed_hosts = {"id.example.com"}, .any_host_paths = {"/livez"}};
  if (const auto admitted = admit(head, rules)) check_admitted(head, *admitted);
  return 0;
}

// Owns: finding and splitting the head of an HTTP/1 request (RFC 9112 §2 to §5). Judges the bytes
// only; whether the request is let through is the gate's matter (gate.h).
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server::http {

constexpr std::size_t kHeadLimit = 16 * 1024;  // bytes, request line and all fields
constexpr std::size_t kTargetLimit = 8 * 1024;

struct RequestHead {
  std::string_view method;  // views into the connection's buffer
  std::string_view target;
  int version = 0;                                          // 10 or 11
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
};

// Looks for the end of a head while bytes arrive, and stops at the first byte that can't stand in
// one: a control character, CR or LF alone, or a folded line (obs-fold, RFC 9112 §5.2).
class HeadScanner {
 public:
  enum class State { incomplete, complete, malformed, head_too_large, target_too_long };

  // `bytes` is everything since the head's beginning; it only grows from call to call.
  State scan(std::string_view bytes);
  // Bytes of the head with its empty line; only after State::complete.
  std::size_t size() const { return at_; }
  void reset() { *this = HeadScanner(); }

 private:
  State out_of_room() const;

  std::size_t at_ = 0;          // all before is judged
  std::size_t line_start_ = 0;  // of the line that `at_` stands in
  bool has_line_ = false;       // the request line has ended
};

// Splits a head that HeadScanner found complete. False when it breaks the grammar.
bool parse_head(std::string_view bytes, RequestHead& head);

}  // namespace server::http

// Owns: the bytes before a response's body: status line, the response's own fields, and those that
// every answer carries (RFC 9110 §6.6.1, §8.6; Fetch standard; RFC 6797).
#pragma once
#include <ctime>
#include <string>
#include <string_view>

#include "server/http/message.h"
#include "server/http/router.h"

namespace server::http {

struct AnswerTraits {
  bool is_https = false;
  bool close = false;
  bool omit_body = false;           // the request was HEAD
  Cors cors = Cors::none;           // of the route
  std::string_view allowed_origin;  // "*", or the origin that may read this answer, or empty
};

// The field Date, made anew at most once a second. One for each thread.
class DateField {
 public:
  std::string_view now();

 private:
  std::time_t second_ = -1;
  std::string text_;
};

std::string_view reason_phrase(int status);

// False for 204 and 304, which never have a body.
bool may_have_body(int status);

// Appends to `out`. Fields that frame the message (Content-Length, Transfer-Encoding, Connection,
// Date) are written here and left out of what the handler set. `response` must not be broken.
void append_head(std::string& out, const Response& response, const AnswerTraits& traits,
                 std::string_view date);

}  // namespace server::http

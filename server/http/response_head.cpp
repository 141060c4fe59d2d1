#include "server/http/response_head.h"

#include <array>
#include <charconv>

#include "oidc/base/text.h"

namespace server::http {
namespace {

void append_number(std::string& out, std::size_t number) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_two_digits(std::string& out, int number) {
  out += static_cast<char>('0' + number / 10);
  out += static_cast<char>('0' + number % 10);
}

bool is_framing_field(std::string_view name) {
  switch (name.size()) {
    case 4:
      return oidc::equals_ignore_case(name, "date");
    case 6:
      return oidc::equals_ignore_case(name, "server");
    case 7:
      return oidc::equals_ignore_case(name, "trailer");
    case 10:
      return oidc::equals_ignore_case(name, "connection") ||
             oidc::equals_ignore_case(name, "keep-alive");
    case 14:
      return oidc::equals_ignore_case(name, "content-length");
    case 17:
      return oidc::equals_ignore_case(name, "transfer-encoding");
    default:
      return false;
  }
}

void append_cors(std::string& out, const AnswerTraits& traits) {
  if (traits.cors == Cors::clients) out += "Vary: Origin\r\n";
  if (traits.allowed_origin.empty()) return;
  out += "Access-Control-Allow-Origin: ";
  out += traits.allowed_origin;
  out += "\r\nAccess-Control-Expose-Headers: WWW-Authenticate, Retry-After\r\n";
}

}  // namespace

std::string_view DateField::now() {
  const std::time_t second = std::time(nullptr);
  if (second == second_) return text_;
  second_ = second;
  constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                     "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&second, &utc);
  text_.assign(kDays[static_cast<std::size_t>(utc.tm_wday)]);
  text_ += ", ";
  append_two_digits(text_, utc.tm_mday);
  text_ += ' ';
  text_ += kMonths[static_cast<std::size_t>(utc.tm_mon)];
  text_ += ' ';
  append_number(text_, static_cast<std::size_t>(utc.tm_year) + 1900);
  text_ += ' ';
  append_two_digits(text_, utc.tm_hour);
  text_ += ':';
  append_two_digits(text_, utc.tm_min);
  text_ += ':';
  append_two_digits(text_, utc.tm_sec);
  text_ += " GMT";
  return text_;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "";
  }
}

bool may_have_body(int status) {
  return status != 204 && status != 304;
}

void append_head(std::string& out, const Response& response, const AnswerTraits& traits,
                 std::string_view date) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\nDate: ";
  out += date;
  out += "\r\n";
  bool has_referrer_policy = false, has_csp = false, has_framing = false, has_resource = false;
  for (const auto& [name, value] : response.headers()) {
    if (is_framing_field(name)) continue;
    if (name.size() >= 15) {  // the shortest of these names
      has_referrer_policy |= oidc::equals_ignore_case(name, "referrer-policy");
      has_csp |= oidc::equals_ignore_case(name, "content-security-policy");
      has_framing |= oidc::equals_ignore_case(name, "x-frame-options");
      has_resource |= oidc::equals_ignore_case(name, "cross-origin-resource-policy");
      if (oidc::equals_ignore_case(name, "x-content-type-options")) continue;
      if (oidc::equals_ignore_case(name, "strict-transport-security")) continue;
    }
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  out += "X-Content-Type-Options: nosniff\r\n";
  if (!has_referrer_policy) out += "Referrer-Policy: same-origin\r\n";
  if (!has_csp && !has_framing) out += "X-Frame-Options: DENY\r\n";
  if (traits.cors != Cors::none) {
    append_cors(out, traits);
  } else if (!has_resource) {
    out += "Cross-Origin-Resource-Policy: same-origin\r\n";
  }
  if (traits.is_https) out += "Strict-Transport-Security: max-age=31536000\r\n";
  if (may_have_body(response.status)) {
    out += "Content-Length: ";
    append_number(out, response.body.size());
    out += "\r\n";
  }
  if (traits.close) out += "Connection: close\r\n";
  out += "\r\n";
}

}  // namespace server::http

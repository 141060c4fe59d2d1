// Owns: plain requests and responses, so that endpoints never see Beast. RFC 9110.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server::http {

enum class Method { get, head, post, put, patch, delete_, options };
std::string_view to_string(Method method);

// What the gate let through: one valid Host, an origin-form ASCII target, at most 100 fields.
struct Request {
  Method method = Method::get;
  std::string path;   // as sent, without the query; starts with '/'
  std::string query;  // as sent, without '?'
  // Names in lower case. Repeated fields stand one after the other.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // The address of the person or program: the peer's, or from X-Forwarded-For when the peer is a
  // trusted proxy. Text form, without port.
  std::string client_address;
  bool is_https = false;  // TLS here, or X-Forwarded-Proto of a trusted proxy

  // The first field of that name (give it in lower case).
  std::optional<std::string_view> header(std::string_view lower_name) const;
  std::size_t count(std::string_view lower_name) const;
  // The cookie's value; nothing when it is absent or stands twice (RFC 6265 §5.4).
  std::optional<std::string> cookie(std::string_view name) const;
  // "application/x-www-form-urlencoded" and the like, lower case, without parameters.
  std::string media_type() const;
};

// Header values are checked when set: CR, LF, NUL and other controls abort the response with 500.
class Response {
 public:
  Response() = default;
  explicit Response(int status_code) : status(status_code) {}

  int status = 200;
  std::string body;

  // Replaces. The program is wrong if `value` holds a control character: the response becomes an
  // empty 500, never a split header.
  Response& set(std::string name, std::string value);
  // Adds a further field; only for Set-Cookie, Vary and Link. Any other name is as with set().
  Response& add(std::string name, std::string value);
  std::optional<std::string_view> get(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& headers() const { return headers_; }
  // A field was refused: the connection sends an empty 500 instead, whatever is set afterwards.
  bool is_broken() const { return broken_; }

  static Response json(int status, std::string body);  // application/json, no-store
  static Response html(int status, std::string body);  // text/html; charset=utf-8, no-store
  static Response text(int status, std::string body);
  static Response redirect(std::string location, int status = 303);  // no-store
  static Response empty(int status);

 private:
  bool is_sound(std::string_view name, std::string_view value);

  std::vector<std::pair<std::string, std::string>> headers_;
  bool broken_ = false;
};

// A Set-Cookie value. `name` already has its `__Host-` prefix or not (see cookie_name()).
struct Cookie {
  std::string name;
  std::string value;
  bool secure = true;
  std::optional<long> max_age_s;  // absent: ends with the browser; 0: deletes
  // For the one cookie that is no secret: scripts read it, in frames too (SameSite=None when
  // secure).
  bool readable_in_frames = false;
  // Path=/; HttpOnly; SameSite=Lax; no Domain. Throws std::invalid_argument when name or value
  // hold what a cookie can't (RFC 6265 §4.1.1).
  std::string serialize() const;
};
// "__Host-" + name on https, plain name on http (loopback development only).
std::string cookie_name(std::string_view name, bool is_https);

}  // namespace server::http

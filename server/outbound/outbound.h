// Owns: every HTTPS request this server makes, on libcurl's multi interface and one thread of its
// own, and the rules that keep it from being led to places inside (server-side request forgery):
// https only, no redirects, bounded answers. Each request looks its host up once; of the addresses
// found, those that are public or allowed are connected to, and no other one, whatever the name
// means a moment later. Knows no OAuth. The only folder that includes curl.
#pragma once
#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/runtime/task.h"

namespace server::outbound {

struct OutboundOptions {
  std::vector<std::string> allowed_addresses;  // addresses and CIDR blocks besides public ones
  std::string ca_file;                         // PEM; empty: the system's
  std::chrono::milliseconds timeout{5'000};    // for the whole request, look-up included
  // Further ones wait. No host, whatever its names and ports, gets more than a quarter of either:
  // a slow one leaves room for the others.
  std::size_t most_at_once = 32;
  std::size_t queue_limit = 1'000;
  // The addresses of a host name, called on a thread that may block. Empty: the system's resolver.
  std::function<std::vector<std::string>(const std::string& name)> look_up;
};

// On whose account a request is made. Strangers can cause the fetches that applications named in
// their metadata (request_uri, jwks_uri, sector_identifier_uri, logo_uri): together they get half
// of the places, of the queue and of the look-ups. What the server itself owes has the rest.
enum class Share { strangers, own };

struct OutboundRequest {
  enum class Method { get, post_form };
  Method method = Method::get;
  std::string url;
  std::string body;    // post_form: application/x-www-form-urlencoded
  std::string accept;  // the Accept field; empty: "*/*"
  std::size_t most_bytes = 65'536;
  Share share = Share::strangers;
};

struct OutboundAnswer {
  int status = 0;
  std::string media_type;  // lower case, without parameters
  std::string body;
  // From Cache-Control; nothing said: 0.
  std::chrono::seconds max_age{0};
};

enum class OutboundFault {
  refused,     // the URL or its address is not one that may be asked
  failed,      // no connection, TLS failure, time-out
  too_large,   // longer than most_bytes
  overloaded,  // the queue is full, or the part of it that this share or host may have
  stopped,     // the server ends
};
struct OutboundError {
  OutboundFault fault = OutboundFault::failed;
  std::string detail;  // for the log: what, without the body
};

class Outbound {
 public:
  // Throws std::runtime_error with one sentence when the CA file or an address cannot be read.
  explicit Outbound(OutboundOptions options);
  // Cancels what is under way. No coroutine may wait any more.
  ~Outbound();
  Outbound(const Outbound&) = delete;

  // Ends what is under way with the fault `stopped`, and all that comes later. From any thread.
  void stop();

  // Any status is an answer. Redirects are not followed: the 3xx is the answer.
  runtime::Task<std::expected<OutboundAnswer, OutboundError>> send(OutboundRequest request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether an URL may be asked at all, judged without looking anything up: https, a host, no user
// name, no fragment, port 443 or above 1023, and no literal address that is not public and not
// allowed. What is written in other forms (2130706433, 0177.1, a trailing dot) counts as what it
// means. For checks at registration.
bool is_acceptable_url(std::string_view url, const std::vector<std::string>& allowed_addresses);

}  // namespace server::outbound

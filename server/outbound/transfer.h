// Owns: one HTTPS exchange with one address that was judged before: how libcurl is told to connect
// there and nowhere else, and how much of an answer is taken. The multi handle of outbound.cpp
// drives it.
#pragma once
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "server/outbound/curl_parts.h"
#include "server/outbound/outbound.h"
#include "server/outbound/target.h"

namespace server::outbound {

using OutboundResult = std::expected<OutboundAnswer, OutboundError>;

struct TransferLimits {
  std::chrono::milliseconds connect{};
  std::chrono::milliseconds whole{};
};

class Transfer {
 public:
  // `request` must outlive this. Throws std::runtime_error when libcurl gives no handle.
  Transfer(const OutboundRequest& request, const Target& target, const Address& address,
           const std::string& ca_file, TransferLimits limits);
  // Must have been taken off the multi handle.
  ~Transfer() = default;
  Transfer(const Transfer&) = delete;

  CURL* handle() const { return handle_.get(); }
  // After libcurl has ended it with `code`.
  OutboundResult result(CURLcode code);

 private:
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* self);

  template <class Value>
  void set(CURLoption option, Value value);
  void set_connection(const Target& target, const std::string& ca_file, TransferLimits limits);
  void set_request(const Target& target);
  bool is_vetted(const curl_sockaddr& address) const;

  const OutboundRequest& request_;
  const Address address_;
  const int port_;
  CurlList connect_to_, fields_;
  char message_[CURL_ERROR_SIZE] = "";
  OutboundAnswer answer_;
  std::string cache_control_;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  const CurlHandle handle_;
};

// max-age of a Cache-Control value; 0 when it says nothing, no-store or no-cache (RFC 9111 §5.2.2).
std::chrono::seconds max_age_of(std::string_view cache_control);

}  // namespace server::outbound

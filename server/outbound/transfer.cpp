#include "server/outbound/transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "oidc/base/text.h"

namespace server::outbound {
namespace {

constexpr std::size_t kMostHeaderBytes = 32'768;
constexpr std::int64_t kMostAgeSeconds = 365LL * 24 * 3600;
// How long libcurl keeps the CA file it has read.
constexpr long kCaCacheSeconds = 600;

}  // namespace

template <class Value>
void Transfer::set(CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(handle_.get(), option, value); code != CURLE_OK) {
    throw std::runtime_error(std::string("libcurl refuses an option: ") + curl_easy_strerror(code));
  }
}

Transfer::Transfer(const OutboundRequest& request, const Target& target, const Address& address,
                   const std::string& ca_file, TransferLimits limits)
    : request_(request), address_(address), port_(target.port), handle_(curl_easy_init()) {
  if (!handle_) throw std::runtime_error("libcurl gives no handle");
  set_connection(target, ca_file, limits);
  set_request(target);
}

void Transfer::set_connection(const Target& target, const std::string& ca_file,
                              TransferLimits limits) {
  set(CURLOPT_URL, target.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  // Neither the environment nor a .netrc has a say.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  // For whatever host and port: this address. libcurl looks nothing up, and still checks the
  // certificate against the URL's host.
  const std::string literal =
      address_.is_ipv4() ? address_.to_string() : "[" + address_.to_string() + "]";
  append(connect_to_, "::" + literal + ":" + std::to_string(target.port));
  set(CURLOPT_CONNECT_TO, connect_to_.get());
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  // A connection serves one request: none is kept that was judged by older rules.
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  // Exactly one source of trust, and one that libcurl caches: without the built-in folder.
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  set(CURLOPT_CA_CACHE_TIMEOUT, kCaCacheSeconds);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.whole.count()));
}

void Transfer::set_request(const Target&) {
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
  set(CURLOPT_USERAGENT, "Latchkey");
  append(fields_, "Accept: " + (request_.accept.empty() ? "*/*" : request_.accept));
  if (request_.method == OutboundRequest::Method::post_form) {
    append(fields_, "Content-Type: application/x-www-form-urlencoded");
    append(fields_, "Expect:");  // no waiting for 100 Continue
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  set(CURLOPT_HTTPHEADER, fields_.get());
  set(CURLOPT_ERRORBUFFER, message_);
  set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  // Ends it already when Content-Length announces more; 0 would mean no limit.
  set(CURLOPT_MAXFILESIZE_LARGE,
      static_cast<curl_off_t>(std::max<std::size_t>(request_.most_bytes, 1)));
}

bool Transfer::is_vetted(const curl_sockaddr& given) const {
  if (given.family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, &given.addr, sizeof four);
    return address_.is_ipv4() && ntohl(four.sin_addr.s_addr) == address_.ipv4() &&
           ntohs(four.sin_port) == port_;
  }
  if (given.family != AF_INET6) return false;
  sockaddr_in6 six{};
  std::memcpy(&six, &given.addr, std::min<std::size_t>(sizeof six, given.addrlen));
  return std::equal(std::begin(six.sin6_addr.s6_addr), std::end(six.sin6_addr.s6_addr),
                    address_.bytes().begin()) &&
         ntohs(six.sin6_port) == port_;
}

// The second check: whatever made libcurl come here, it reaches the judged address or nothing.
curl_socket_t Transfer::open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) {
  if (purpose != CURLSOCKTYPE_IPCXN || !static_cast<Transfer*>(self)->is_vetted(*address)) {
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::size_t Transfer::take_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view line(data, size * count);
  transfer.header_bytes_ += line.size();
  if (transfer.header_bytes_ > kMostHeaderBytes) {
    transfer.too_large_ = true;
    return 0;
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos &&
      oidc::equals_ignore_case(line.substr(0, colon), "cache-control")) {
    transfer.cache_control_ += line.substr(colon + 1);
    transfer.cache_control_ += ',';
  }
  return line.size();
}

std::size_t Transfer::take_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  if (bytes > transfer.request_.most_bytes - transfer.answer_.body.size()) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.answer_.body.append(data, bytes);
  return bytes;
}

OutboundResult Transfer::result(CURLcode code) {
  if (too_large_ || code == CURLE_FILESIZE_EXCEEDED) {
    return std::unexpected(
        OutboundError{OutboundFault::too_large,
                      "The answer is longer than " + std::to_string(request_.most_bytes) +
                          " bytes, or its header than " + std::to_string(kMostHeaderBytes)});
  }
  if (code != CURLE_OK) {
    return std::unexpected(
        OutboundError{OutboundFault::failed, message_[0] ? message_ : curl_easy_strerror(code)});
  }
  long status = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
  answer_.status = static_cast<int>(status);
  const char* type = nullptr;
  if (curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type) {
    const std::string_view text(type);
    answer_.media_type = oidc::to_lower_ascii(oidc::trim(text.substr(0, text.find(';'))));
  }
  answer_.max_age = max_age_of(cache_control_);
  return std::move(answer_);
}

std::chrono::seconds max_age_of(std::string_view cache_control) {
  std::int64_t age = 0;
  while (!cache_control.empty()) {
    const auto comma = cache_control.find(',');
    const std::string directive = oidc::to_lower_ascii(oidc::trim(cache_control.substr(0, comma)));
    cache_control.remove_prefix(comma == std::string_view::npos ? cache_control.size() : comma + 1);
    if (directive == "no-store" || directive.starts_with("no-cache")) return {};
    constexpr std::string_view kName = "max-age=";
    if (!directive.starts_with(kName)) continue;
    std::string_view value = std::string_view(directive).substr(kName.size());
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    age = std::min(oidc::parse_unsigned(value).value_or(0), kMostAgeSeconds);
  }
  return std::chrono::seconds(age);
}

}  // namespace server::outbound

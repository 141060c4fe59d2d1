#include "server/outbound/smtp.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "oidc/base/secret.h"
#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "server/outbound/curl_parts.h"

namespace server::outbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostReplyBytes = 400;
constexpr std::size_t kMostSaidBytes = 200;
// For the answer to a message that was sent whole, once stop() was called; and to our farewell.
constexpr milliseconds kLastAnswer{2'000};
constexpr milliseconds kWatch{100};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What has been said so far, of the last message only.
struct Dialogue {
  enum class Phase { greeting, sender, recipient, content };
  Phase phase = Phase::greeting;
  std::string reply;  // the last one, whole
  bool reply_is_whole = true;
  bool is_over = false;

  void take_command(std::string_view line) {
    // What is answered to our farewell says nothing of the message.
    if (line.starts_with("QUIT") || line.starts_with("RSET")) is_over = true;
    if (is_over) return;
    if (line.starts_with("MAIL ")) phase = Phase::sender;
    if (line.starts_with("RCPT ")) phase = Phase::recipient;
    if (line.starts_with("DATA")) phase = Phase::content;
    reply.clear();
    reply_is_whole = true;
  }

  void take_reply(std::string_view line) {
    if (is_over) return;
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (reply_is_whole) reply.clear();
    reply_is_whole = line.size() < 4 || line[3] != '-';
    if (reply.size() + line.size() > kMostReplyBytes) return;
    if (!reply.empty()) line.remove_prefix(std::min<std::size_t>(4, line.size()));
    reply.append(reply.empty() ? "" : " ").append(line);
  }

  int code() const {
    if (reply.size() < 3 || !std::all_of(reply.begin(), reply.begin() + 3, is_digit)) return 0;
    return (reply[0] - '0') * 100 + (reply[1] - '0') * 10 + (reply[2] - '0');
  }
};

std::string clean(std::string_view text) {
  return oidc::to_description(text.substr(0, kMostSaidBytes));
}

// Printable ASCII or UTF-8 (RFC 6531), and nothing that could end the path in MAIL or RCPT.
bool is_sound_address(std::string_view address) {
  if (address.size() < 3 || address.size() > 254 || !oidc::is_clean_utf8(address)) return false;
  const auto at = address.rfind('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == address.size()) return false;
  return std::ranges::none_of(address, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f || c == '<' || c == '>' || c == '"' || c == '\\';
  });
}

// libcurl takes the name for EHLO from the URL's path.
std::string path_of(const std::string& hello_name) {
  std::string out;
  for (const char c : hello_name) {
    if (c == '[') {
      out += "%5B";
    } else if (c == ']') {
      out += "%5D";
    } else if (c > ' ' && c < 0x7f && c != '/' && c != '?' && c != '#' && c != '%') {
      out += c;
    }
  }
  return out;
}

std::string percent_decoded(const std::string& text) {
  int length = 0;
  char* plain = curl_easy_unescape(nullptr, text.c_str(), static_cast<int>(text.size()), &length);
  if (!plain) throw std::bad_alloc();
  std::string out(plain, static_cast<std::size_t>(length));
  curl_free(plain);
  return out;
}

}  // namespace

// One message on one connection.
class SmtpSender::Exchange {
 public:
  Exchange(const SmtpSender& sender, const SmtpMessage& message)
      : sender_(sender),
        left_(message.text),
        cut_at_(steady_clock::now() + sender.options_.timeout),
        handle_(curl_easy_init()) {
    if (!handle_) throw std::runtime_error("libcurl gives no handle");
    set_up(message);
  }
  Exchange(const Exchange&) = delete;

  SmtpResult run();
  // By the watching thread: ends it when its time is over, or the server's.
  void cut_if_due(bool stopping, steady_clock::time_point stopped_at);

 private:
  static int take_debug(CURL*, curl_infotype kind, char* data, std::size_t size, void* self);
  static std::size_t give_text(char* into, std::size_t size, std::size_t count, void* self);
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address);
  static int close_socket(void* self, curl_socket_t socket);

  template <class Value>
  void set(CURLoption option, Value value) {
    if (const auto code = curl_easy_setopt(handle_.get(), option, value); code != CURLE_OK) {
      throw std::runtime_error(std::string("libcurl refuses an option: ") +
                               curl_easy_strerror(code));
    }
  }
  void set_up(const SmtpMessage& message);
  void set_up_tls();
  SmtpResult judge(CURLcode code);

  const SmtpSender& sender_;
  CurlList recipients_;
  char message_[CURL_ERROR_SIZE] = "";
  Dialogue dialogue_;
  std::string_view left_;  // of the text
  std::mutex mutex_;       // of what follows, which the watching thread sees
  std::vector<curl_socket_t> sockets_;
  steady_clock::time_point cut_at_;
  bool sent_all_ = false;
  bool interrupted_ = false;
  const CurlHandle handle_;
};

void SmtpSender::Exchange::set_up(const SmtpMessage& message) {
  append(recipients_, "<" + message.to + ">");
  set(CURLOPT_URL, sender_.url_.c_str());
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  if (!sender_.user_.empty()) {
    set(CURLOPT_USERNAME, sender_.user_.c_str());
    set(CURLOPT_PASSWORD, sender_.password_.c_str());
  }
  set(CURLOPT_MAIL_FROM, ("<" + message.from + ">").c_str());
  set(CURLOPT_MAIL_RCPT, recipients_.get());
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.text.size()));
  // Neither the environment nor a .netrc has a say.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(sender_.options_.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(sender_.options_.timeout.count()));
  set(CURLOPT_ERRORBUFFER, message_);
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &Exchange::give_text);
  set(CURLOPT_READDATA, static_cast<void*>(this));
  // The dialogue itself says how far it came; libcurl's codes do not.
  set(CURLOPT_VERBOSE, 1L);
  set(CURLOPT_DEBUGFUNCTION, &Exchange::take_debug);
  set(CURLOPT_DEBUGDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, &Exchange::open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_CLOSESOCKETFUNCTION, &Exchange::close_socket);
  set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
  set_up_tls();
}

void SmtpSender::Exchange::set_up_tls() {
  const auto& options = sender_.options_;
  const bool is_wrapped = sender_.url_.starts_with("smtps:");
  const bool may_be_plain = options.plain && !is_wrapped;
  set(CURLOPT_USE_SSL, static_cast<long>(may_be_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, may_be_plain ? 0L : 1L);
  set(CURLOPT_SSL_VERIFYHOST, may_be_plain ? 0L : 2L);
  // Exactly one source of trust: without the built-in folder.
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
}

int SmtpSender::Exchange::take_debug(CURL*, curl_infotype kind, char* data, std::size_t size,
                                     void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  auto& dialogue = exchange.dialogue_;
  const std::string_view line(data, size);
  if (kind == CURLINFO_HEADER_IN) dialogue.take_reply(line);
  if (kind != CURLINFO_HEADER_OUT) return 0;
  const bool was_over = dialogue.is_over;
  dialogue.take_command(line);
  if (dialogue.is_over && !was_over) {
    const std::lock_guard lock(exchange.mutex_);
    exchange.cut_at_ = std::min(exchange.cut_at_, steady_clock::now() + kLastAnswer);
  }
  return 0;
}

std::size_t SmtpSender::Exchange::give_text(char* into, std::size_t size, std::size_t count,
                                            void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::size_t bytes = std::min(size * count, exchange.left_.size());
  std::memcpy(into, exchange.left_.data(), bytes);
  exchange.left_.remove_prefix(bytes);
  if (exchange.left_.empty()) {
    const std::lock_guard lock(exchange.mutex_);
    exchange.sent_all_ = true;
  }
  return bytes;
}

curl_socket_t SmtpSender::Exchange::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::lock_guard lock(exchange.mutex_);
  if (exchange.interrupted_) return CURL_SOCKET_BAD;
  const int made = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (made >= 0) exchange.sockets_.push_back(made);
  return made;
}

int SmtpSender::Exchange::close_socket(void* self, curl_socket_t socket) {
  auto& exchange = *static_cast<Exchange*>(self);
  const std::lock_guard lock(exchange.mutex_);
  std::erase(exchange.sockets_, socket);
  return ::close(socket);
}

void SmtpSender::Exchange::cut_if_due(bool stopping, steady_clock::time_point stopped_at) {
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  const bool stop_now = stopping && (!sent_all_ || now >= stopped_at + kLastAnswer);
  if (!stop_now && now < cut_at_) return;
  if (stop_now) interrupted_ = true;
  // It is not closed: the number could mean something else a moment later.
  for (const auto socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

SmtpResult SmtpSender::Exchange::judge(CURLcode code) {
  using Phase = Dialogue::Phase;
  const int reply = dialogue_.code();
  const auto& words = dialogue_.reply;
  // The answer to DATA itself is 354.
  if (dialogue_.phase == Phase::content && reply / 100 == 2) {
    return {SmtpOutcome::accepted, reply_code(words), clean(words)};
  }
  const bool of_recipient = dialogue_.phase == Phase::recipient;
  if ((of_recipient || dialogue_.phase == Phase::content) && reply / 100 == 5) {
    const auto step = of_recipient ? SmtpStep::recipient : SmtpStep::content;
    return {judge_refusal(step, words), reply_code(words), clean(words)};
  }
  // 5xx before that: our sender's address or account. The operator can mend it, so it waits.
  const auto outcome =
      dialogue_.phase == Phase::greeting ? SmtpOutcome::unreachable : SmtpOutcome::retry;
  if (reply >= 400) return {outcome, reply_code(words), clean(words)};
  {
    const std::lock_guard lock(mutex_);
    if (interrupted_) return {SmtpOutcome::interrupted, "interrupted", ""};
  }
  const std::string trouble = message_[0] ? message_ : curl_easy_strerror(code);
  return {outcome, outcome == SmtpOutcome::retry ? "connection lost" : "no connection",
          clean(trouble)};
}

SmtpResult SmtpSender::Exchange::run() {
  return judge(curl_easy_perform(handle_.get()));
}

SmtpSender::SmtpSender(SmtpOptions options) : options_(std::move(options)) {
  const auto uri = oidc::Uri::parse(options_.url);
  if (!uri || uri->host.empty() || (uri->scheme != "smtp" && uri->scheme != "smtps")) {
    throw std::runtime_error("smtp_url must be smtp://HOST:PORT or smtps://HOST:PORT.");
  }
  url_ = uri->scheme + "://" + uri->host + (uri->port.empty() ? "" : ":" + uri->port) + "/" +
         path_of(options_.hello_name);
  const auto colon = uri->userinfo.find(':');
  user_ = percent_decoded(uri->userinfo.substr(0, colon));
  if (colon != std::string::npos) password_ = percent_decoded(uri->userinfo.substr(colon + 1));
  oidc::wipe(options_.url);
  watcher_ = std::thread([this] { watch(); });
}

SmtpSender::~SmtpSender() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
  watcher_.join();
  oidc::wipe(password_);
}

void SmtpSender::stop() {
  const std::lock_guard lock(mutex_);
  if (stopping_.exchange(true)) return;
  stopped_at_ = steady_clock::now();
}

void SmtpSender::watch() {
  pthread_setname_np(pthread_self(), "mail-watch");
  std::unique_lock lock(mutex_);
  while (!ended_) {
    // Sleeps while there is nothing to watch.
    wake_.wait(lock, [this] { return ended_ || !under_way_.empty(); });
    for (auto* exchange : under_way_) exchange->cut_if_due(stopping_, stopped_at_);
    wake_.wait_for(lock, kWatch, [this] { return ended_; });
  }
}

SmtpResult SmtpSender::send(const SmtpMessage& message) {
  if (stopping_) return {SmtpOutcome::interrupted, "interrupted", ""};
  if (!is_sound_address(message.to)) {
    return {SmtpOutcome::refused_address, "bad address", "The address cannot be written in SMTP."};
  }
  Exchange exchange(*this, message);
  {
    const std::lock_guard lock(mutex_);
    under_way_.push_back(&exchange);
  }
  wake_.notify_all();
  const auto result = exchange.run();
  const std::lock_guard lock(mutex_);
  std::erase(under_way_, &exchange);
  return result;
}

std::string reply_code(std::string_view reply) {
  if (reply.size() < 3 || !std::all_of(reply.begin(), reply.begin() + 3, is_digit)) return {};
  std::string out(reply.substr(0, 3));
  const auto words = oidc::split_words(reply.substr(3, 40));
  if (words.empty() || words[0].size() > 11) return out;
  const std::string& enhanced = words[0];
  const bool is_sound =
      enhanced.size() >= 5 && (enhanced[0] == '4' || enhanced[0] == '5' || enhanced[0] == '2') &&
      std::ranges::count(enhanced, '.') == 2 &&
      std::ranges::all_of(enhanced, [](char c) { return is_digit(c) || c == '.'; });
  return is_sound ? out + " " + enhanced : out;
}

SmtpOutcome judge_refusal(SmtpStep step, std::string_view reply) {
  const auto words = oidc::split_words(reply_code(reply));
  const bool of_recipient = step == SmtpStep::recipient;
  bool of_address = false;
  if (words.size() == 2) {
    const auto& enhanced = words[1];
    const bool of_sender = enhanced == "5.1.7" || enhanced == "5.1.8";
    of_address =
        (enhanced.starts_with("5.1.") && !of_sender) || (of_recipient && enhanced == "5.2.1");
  } else if (words.size() == 1 && of_recipient) {
    constexpr std::string_view kOfAddress[] = {"550", "551", "553", "556"};
    of_address = std::ranges::find(kOfAddress, words[0]) != std::end(kOfAddress);
  }
  return of_address ? SmtpOutcome::refused_address : SmtpOutcome::refused;
}

}  // namespace server::outbound

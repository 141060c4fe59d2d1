// Owns: handing one message to the mail server that the operator named (RFC 5321), through libcurl:
// STARTTLS (RFC 3207) or TLS from the first byte (RFC 8314), and reading from the dialogue whether
// it was taken, may be taken later, or never will be. The rules against being led inside do not
// apply: the address is the operator's own. Knows no queue and composes nothing.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace server::outbound {

struct SmtpOptions {
  // smtp://HOST:PORT or smtps://HOST:PORT, with USER:PASSWORD@ (percent-encoded) where needed.
  std::string url;
  // smtp:// only: goes on without TLS when the server has none. What TLS it has is then used, but
  // proves nothing: whoever could forge it could as well hide it.
  bool plain = false;
  std::string ca_file;     // PEM; empty: the system's
  std::string hello_name;  // how we name ourselves (EHLO)
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{30'000};  // for one message, connecting included
};

// Addresses without brackets; `text` is RFC 5322 with CRLF.
struct SmtpMessage {
  std::string from, to, text;
};

enum class SmtpOutcome {
  accepted,
  retry,            // the server answered this message with "not now" (4xx), or dropped it
  unreachable,      // no server, no TLS, not let in: no message would have been taken
  refused_address,  // for good (5xx), because of the recipient's address
  refused,          // for good, because of the message or a rule of the server
  interrupted,      // by stop(): nothing is known against the message
};
struct SmtpResult {
  SmtpOutcome outcome = SmtpOutcome::retry;
  std::string code;  // "550 5.1.1", "no connection": for the log, never an address
  std::string said;  // the server's words, printable ASCII, cut; may name the recipient
};

// Each message has a connection of its own. A thread watches over them: libcurl alone would wait
// for two minutes for a server that does not answer its farewell.
class SmtpSender {
 public:
  // Throws std::runtime_error with one sentence when the URL is none.
  explicit SmtpSender(SmtpOptions options);
  ~SmtpSender();  // No send() may be under way.
  SmtpSender(const SmtpSender&) = delete;

  // Blocking, bounded by the time-out; from any thread, several at once. Nothing that stands in the
  // addresses can add a command: one with blanks, brackets or control characters is refused.
  SmtpResult send(const SmtpMessage& message);
  // Ends what is under way, and all that comes later, with `interrupted`. A message of which the
  // server has all but its word gets two seconds for it.
  void stop();

 private:
  class Exchange;
  void watch();

  SmtpOptions options_;
  std::string url_, user_, password_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Exchange*> under_way_;
  std::chrono::steady_clock::time_point stopped_at_{};
  bool ended_ = false;
  std::thread watcher_;
};

// What was refused: the recipient (the answer to RCPT), or the message with all that belongs to it
// (the answer to DATA, and to the end of the message).
enum class SmtpStep { recipient, content };

// Whether a final answer of 5xx speaks against the address, so that nothing more is sent there. An
// enhanced code decides (RFC 3463 §3.2, §3.3): 5.1.x but for the sender's 5.1.7 and 5.1.8, wherever
// it is said, and for the recipient also 5.2.1, "mailbox disabled". Without one, only the answer to
// RCPT can: 550, 551, 553 (RFC 5321 §4.2.3), 556 (RFC 7504 §4). The same 550 after DATA is about
// the contents or a policy (RFC 5321 §4.2.2), and fails this message alone.
SmtpOutcome judge_refusal(SmtpStep step, std::string_view reply);
// The reply's code and enhanced code (RFC 2034): "550 5.1.1", "450"; empty when it has none.
std::string reply_code(std::string_view reply);

}  // namespace server::outbound

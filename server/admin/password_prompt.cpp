// Passwords from standard input: one line of a pipe, or typed at a terminal, twice and unseen.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "oidc/crypto/digest.h"
#include "server/admin/command.h"

namespace server::admin {
namespace {

// What a terminal hands over as one line at most.
constexpr std::size_t kMostTyped = 4096;

// The terminal shows nothing that is typed while this lives. Ctrl-C and the like are read instead
// of ending the program, which would leave such a terminal behind.
class UnseenTyping {
 public:
  UnseenTyping() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios unseen = before_;
    unseen.c_lflag |= ICANON | ISIG;
    unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL);
    unseen.c_cc[VSUSP] = unseen.c_cc[VQUIT] = _POSIX_VDISABLE;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
    sigset_t ends;
    ::sigemptyset(&ends);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ends, number);
    ::pthread_sigmask(SIG_BLOCK, &ends, &mask_before_);
    signals_ = ::signalfd(-1, &ends, SFD_CLOEXEC);
  }
  UnseenTyping(const UnseenTyping&) = delete;
  ~UnseenTyping() {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    if (signals_ >= 0) ::close(signals_);
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }

  // Without its end. Nothing: the input ended, or a signal asked to end.
  std::optional<oidc::Password> ask(const char* prompt) {
    std::cerr << prompt << std::flush;
    auto line = read_line();
    std::cerr << std::endl;
    return line;
  }

 private:
  std::optional<oidc::Password> read_line() {
    std::string line;
    line.reserve(2 * kMostTyped);  // so that no part of it is left behind in memory
    while (line.size() < kMostTyped) {
      pollfd waits[] = {{STDIN_FILENO, POLLIN, 0}, {signals_, POLLIN, 0}};
      if (::poll(waits, 2, -1) < 0) break;
      if (waits[1].revents != 0) break;
      const auto start = line.size();
      line.resize(start + kMostTyped);
      const auto count = ::read(STDIN_FILENO, line.data() + start, kMostTyped);
      line.resize(start + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      if (count <= 0) break;
      if (line.ends_with('\n')) {
        line.pop_back();
        return oidc::Password(std::move(line));
      }
    }
    oidc::wipe(line);
    return std::nullopt;
  }

  termios before_{};
  sigset_t mask_before_{};
  int signals_ = -1;
};

std::expected<oidc::Password, std::string> ask_twice() {
  UnseenTyping typing;
  auto first = typing.ask("New password (it is not shown): ");
  if (!first) return std::unexpected("No password was typed.");
  const auto second = typing.ask("The same again: ");
  if (!second) return std::unexpected("No password was typed.");
  if (!oidc::crypto::equal_constant_time(first->reveal(), second->reveal())) {
    return std::unexpected("The two passwords differ: nothing was changed.");
  }
  return std::move(*first);
}

}  // namespace

std::expected<oidc::Password, std::string> read_password() {
  if (::isatty(STDIN_FILENO)) return ask_twice();
  std::string line;
  std::getline(std::cin, line);
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return std::unexpected("No password came on standard input.");
  return oidc::Password(std::move(line));
}

}  // namespace server::admin

// Owns: certificates and a small HTTPS server on 127.0.0.1 for tests of outgoing requests. It
// counts connections, so that a test can say that none came.
#pragma once
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace outbound_test {

// A self-signed certificate for rp.example.com, localhost and 127.0.0.1, in a folder of its own.
class Certificate {
 public:
  explicit Certificate(const std::string& names = "DNS:rp.example.com,DNS:localhost,IP:127.0.0.1") {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-out-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "
        "/CN=test -addext 'subjectAltName=" +
        names + "' -keyout '" + key() + "' -out '" + cert() + "' 2>/dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl req failed");
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  Certificate(const Certificate&) = delete;

  std::string cert() const { return folder_ + "/test.crt"; }
  std::string key() const { return folder_ + "/test.key"; }

 private:
  std::string folder_;
};

// One request as it came, and the way to answer it in pieces.
class Conversation {
 public:
  Conversation(SSL* tls, std::string request, const std::atomic<bool>& stopping)
      : request(std::move(request)), tls_(tls), stopping_(stopping) {}
  // False when the other side is gone.
  bool write(const std::string& bytes) {
    return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  void answer(const std::string& head, const std::string& body) {
    write("HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\nConnection: close\r\n\r\n" + body);
  }
  // Until the server ends.
  void hang() const {
    while (!stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  std::string version() const { return SSL_get_version(tls_); }

  const std::string request;

 private:
  SSL* tls_;
  const std::atomic<bool>& stopping_;
};

// A text that a server's thread writes and the test reads.
class Seen {
 public:
  void operator=(const std::string& text) {
    const std::lock_guard lock(mutex_);
    text_ = text;
  }
  std::string get() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

class HttpsServer {
 public:
  using Handler = std::function<void(Conversation&)>;

  // At 127.0.0.`last`.
  HttpsServer(const Certificate& certificate, Handler handler, std::uint8_t last = 1)
      : handler_(std::move(handler)),
        host_("127.0.0." + std::to_string(last)),
        context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN);
    if (SSL_CTX_use_certificate_file(context_, certificate.cert().c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_, certificate.key().c_str(), SSL_FILETYPE_PEM) != 1) {
      throw std::runtime_error("the certificate cannot be used");
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl((INADDR_LOOPBACK & 0xffffff00U) | last);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~HttpsServer() {
    stopping_ = true;
    thread_.join();
    for (auto& thread : serving_) thread.join();
    ::close(listener_);
    SSL_CTX_free(context_);
  }
  HttpsServer(const HttpsServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& path = "/", const std::string& host = "") const {
    return "https://" + (host.empty() ? host_ : host) + ":" + std::to_string(port_) + path;
  }
  int connections() const { return connections_; }
  int most_at_once() const { return most_at_once_; }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd wait{listener_, POLLIN, 0};
      if (::poll(&wait, 1, 10) != 1) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections_;
      serving_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    const int now_open = ++open_;
    if (now_open > most_at_once_) most_at_once_ = now_open;
    timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    SSL* tls = SSL_new(context_);
    SSL_set_fd(tls, socket);
    if (SSL_accept(tls) == 1) {
      Conversation conversation(tls, read_request(tls), stopping_);
      handler_(conversation);
      SSL_shutdown(tls);
    }
    SSL_free(tls);
    ::close(socket);
    --open_;
  }

  static std::string read_request(SSL* tls) {
    std::string text;
    char piece[4096];
    while (true) {
      const auto head = text.find("\r\n\r\n");
      if (head != std::string::npos) {
        const auto field = text.find("Content-Length: ");
        const std::size_t body =
            field == std::string::npos ? 0 : std::strtoul(text.c_str() + field + 16, nullptr, 10);
        if (text.size() >= head + 4 + body) return text;
      }
      const int got = SSL_read(tls, piece, sizeof piece);
      if (got <= 0) return text;
      text.append(piece, static_cast<std::size_t>(got));
    }
  }

  Handler handler_;
  const std::string host_;
  SSL_CTX* context_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::atomic<int> open_{0};
  std::atomic<int> most_at_once_{0};
  std::list<std::thread> serving_;  // only the accepting thread adds
  std::thread thread_;
};

}  // namespace outbound_test

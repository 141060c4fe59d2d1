#include "server/http/tls.h"

#include <openssl/ssl.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "tests/support/catch.h"
#include "tests/unit/server/http/live_server.h"

using namespace http_test;

namespace {

// A fresh self-signed certificate in a folder of its own.
class Certificate {
 public:
  Certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latchkey-tls-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    REQUIRE(make("a") == 0);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }

  int make(const std::string& name) const {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj "
        "/CN=localhost -keyout '" +
        key(name) + "' -out '" + cert(name) + "' 2>/dev/null";
    const int code = std::system(command.c_str());
    chmod(key(name).c_str(), 0600);
    return code;
  }
  std::string cert(const std::string& name = "a") const { return folder_ + "/" + name + ".crt"; }
  std::string key(const std::string& name = "a") const { return folder_ + "/" + name + ".key"; }

 private:
  std::string folder_;
};

struct TlsAnswer {
  bool shaken = false;
  std::string text;
  std::string protocol;  // by ALPN
  bool clean_end = false;
};

TlsAnswer ask_tls(const std::string& address, const std::string& bytes, int max_version = 0,
                  const std::string& alpn = "") {
  TlsAnswer answer;
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's own sockets raise it when the server has closed
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  if (max_version != 0) {
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, max_version);
  }
  BIO* bio = BIO_new_ssl_connect(context);
  SSL* ssl = nullptr;
  BIO_get_ssl(bio, &ssl);
  if (!alpn.empty()) {
    std::string wire(1, static_cast<char>(alpn.size()));
    wire += alpn;
    SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned>(wire.size()));
  }
  BIO_set_conn_hostname(bio, address.c_str());
  answer.shaken = BIO_do_handshake(bio) == 1;
  if (answer.shaken) {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &chosen, &size);
    if (chosen != nullptr) answer.protocol.assign(reinterpret_cast<const char*>(chosen), size);
    BIO_write(bio, bytes.data(), static_cast<int>(bytes.size()));
    char part[4096];
    for (int n = BIO_read(bio, part, sizeof part); n > 0; n = BIO_read(bio, part, sizeof part)) {
      answer.text.append(part, static_cast<std::size_t>(n));
    }
    answer.clean_end = (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  BIO_free_all(bio);
  SSL_CTX_free(context);
  return answer;
}

const std::string kWho = "GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("HTTPS: answers, versions, protocols, renewal") {
  Certificate certificate;
  ServerOptions options;
  options.tls_cert_file = certificate.cert();
  options.tls_key_file = certificate.key();
  options.tls_handshake_timeout = milliseconds(1000);
  LiveServer live(options);

  const TlsAnswer modern = ask_tls(live.address, kWho, 0, "http/1.1");
  CHECK(holds(modern.text, "127.0.0.1 https"));
  CHECK(holds(modern.text, "Strict-Transport-Security: max-age=31536000\r\n"));
  CHECK(modern.protocol == "http/1.1");
  CHECK(modern.clean_end);
  CHECK(holds(ask_tls(live.address, kWho, TLS1_2_VERSION).text, "200 OK"));
  CHECK_FALSE(ask_tls(live.address, kWho, TLS1_1_VERSION).shaken);
  CHECK_FALSE(ask_tls(live.address, kWho, 0, "smtp").shaken);

  const TlsAnswer two = ask_tls(live.address, "GET /hello?1 HTTP/1.1\r\nHost: a\r\n\r\n" + kWho);
  CHECK(count(two.text, "200 OK") == 2);
  const TlsAnswer big =
      ask_tls(live.address, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(big.text.size() > 8 * 1024 * 1024);
  const TlsAnswer bad = ask_tls(live.address, "GET / HTTP/1.1\r\n\r\n");
  CHECK(holds(bad.text, "400 Bad Request"));

  // Plain HTTP on this port, and a client that never starts, are closed.
  CHECK_FALSE(holds(live.ask(kWho), "HTTP/1.1"));
  Client silent(live.address);
  silent.read_all(milliseconds(4000));
  CHECK(silent.was_closed());

  REQUIRE(certificate.make("a") == 0);
  live.server->reload_certificate();
  CHECK(holds(ask_tls(live.address, kWho).text, "200 OK"));
  chmod(certificate.key().c_str(), 0640);
  CHECK_THROWS_AS(live.server->reload_certificate(), std::runtime_error);
  CHECK(holds(ask_tls(live.address, kWho).text, "200 OK"));
}

TEST_CASE("PEM files that can't be used are refused with a sentence") {
  Certificate certificate;
  REQUIRE(certificate.make("b") == 0);
  CHECK(load_tls(certificate.cert(), certificate.key()) != nullptr);
  CHECK_THROWS_AS(load_tls(certificate.cert("a"), certificate.key("b")), std::runtime_error);
  CHECK_THROWS_AS(load_tls(certificate.cert("none"), certificate.key()), std::runtime_error);
  CHECK_THROWS_AS(load_tls(certificate.cert(), certificate.key("none")), std::runtime_error);
  CHECK_THROWS_AS(load_tls(certificate.key(), certificate.key()), std::runtime_error);
  chmod(certificate.key().c_str(), 0644);
  CHECK(holds(sentence_of([&] { load_tls(certificate.cert(), certificate.key()); }), "chmod 600"));
  ServerOptions options;
  options.listen = {"127.0.0.1:0"};
  options.tls_cert_file = certificate.cert();
  CHECK_THROWS_AS(Server(options, Router(), nullptr, nullptr, nullptr), std::runtime_error);
}

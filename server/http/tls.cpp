#include "server/http/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace server::http {
namespace {

[[noreturn]] void refuse(const std::string& sentence) {
  ERR_clear_error();
  throw std::runtime_error(sentence);
}

void check_private(const std::string& key_file) {
  struct stat status{};
  if (stat(key_file.c_str(), &status) != 0) {
    refuse("tls_key_file: can't read " + key_file + ": " + std::generic_category().message(errno));
  }
  if ((status.st_mode & 077) != 0) {
    refuse("tls_key_file: others than its owner may read or write " + key_file +
           "; run: chmod 600 " + key_file);
  }
}

// RFC 7301: a client that offers protocols, none of them ours, is turned away, so that a connection
// meant for another protocol never becomes an HTTP one.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  constexpr std::string_view kProtocol = "http/1.1";
  for (unsigned at = 0; at < offered_size; at += 1U + offered[at]) {
    const unsigned size = offered[at];
    if (at + 1 + size > offered_size) break;
    if (size == kProtocol.size() && std::memcmp(offered + at + 1, kProtocol.data(), size) == 0) {
      *out = offered + at + 1;
      *out_size = static_cast<unsigned char>(size);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

std::shared_ptr<boost::asio::ssl::context> load_tls(const std::string& cert_file,
                                                    const std::string& key_file) {
  check_private(key_file);
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
  SSL_CTX* handle = context->native_handle();
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(handle, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(handle, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(handle, 0);
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(handle, select_protocol, nullptr);
  // Without this, a key under a passphrase would ask for it at the terminal.
  SSL_CTX_set_default_passwd_cb(handle, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_certificate_chain_file(handle, cert_file.c_str()) != 1) {
    refuse("tls_cert_file: " + cert_file + " holds no readable PEM certificate");
  }
  if (SSL_CTX_use_PrivateKey_file(handle, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse("tls_key_file: " + key_file +
           " holds no readable PEM key that belongs to the certificate in " + cert_file);
  }
  if (SSL_CTX_check_private_key(handle) != 1) {
    refuse("tls_key_file: the key in " + key_file + " does not belong to the certificate in " +
           cert_file);
  }
  return context;
}

}  // namespace server::http

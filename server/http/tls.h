// Owns: the TLS settings of the listeners (RFC 8446, RFC 5246 with the rules of RFC 9325). TLS 1.2
// and 1.3, forward secrecy only, no renegotiation, no tickets, ALPN http/1.1.
#pragma once
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

namespace server::http {

// Throws std::runtime_error with one sentence when a file can't be read, is not PEM, the two don't
// belong together, or others than its owner may read the key.
std::shared_ptr<boost::asio::ssl::context> load_tls(const std::string& cert_file,
                                                    const std::string& key_file);

}  // namespace server::http

// Owns: the HTTP limit: Boost.Beast with coroutines and nothing else, on one thread. /plain answers
// 300 bytes; /rs256x2, /es256x2, /verify and /verify_es256 do that much cryptography first, as an
// OpenID provider must for a token. Not a provider: no parsing, no store, no log.
//   bare_beast PORT
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

// What is signed is about as long as the header and the claims of an access token.
const std::string kMessage(450, 'm');

struct Keys {
  EVP_PKEY* rsa = EVP_RSA_gen(2048);
  EVP_PKEY* ec = EVP_EC_gen("P-256");
  std::vector<unsigned char> signature, ec_signature;  // of kMessage
};

const unsigned char* message_bytes() {
  return reinterpret_cast<const unsigned char*>(kMessage.data());
}

std::vector<unsigned char> sign(EVP_PKEY* key) {
  std::vector<unsigned char> out(512);
  std::size_t length = out.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  if (EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context, out.data(), &length, message_bytes(), kMessage.size()) != 1) {
    std::abort();
  }
  EVP_MD_CTX_free(context);
  out.resize(length);
  return out;
}

void verify(EVP_PKEY* key, const std::vector<unsigned char>& signature) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  if (EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestVerify(context, signature.data(), signature.size(), message_bytes(),
                       kMessage.size()) != 1) {
    std::abort();
  }
  EVP_MD_CTX_free(context);
}

void work(const Keys& keys, std::string_view path) {
  if (path == "/plain") return;
  if (path == "/verify") return verify(keys.rsa, keys.signature);
  if (path == "/verify_es256") return verify(keys.ec, keys.ec_signature);
  EVP_PKEY* const key = path == "/es256x2" ? keys.ec : keys.rsa;
  for (int i = 0; i < 2; ++i) sign(key);
}

asio::awaitable<void> serve(tcp::socket socket, const Keys& keys) {
  const std::string body = "{\"a\":\"" + std::string(300 - 8, 'x') + "\"}";
  beast::flat_buffer buffer;
  beast::error_code error;
  socket.set_option(tcp::no_delay(true), error);
  while (!error) {
    http::request<http::string_body> request;
    co_await http::async_read(socket, buffer, request,
                              asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    work(keys, {request.target().data(), request.target().size()});
    http::response<http::string_body> response(http::status::ok, request.version());
    response.set(http::field::content_type, "application/json");
    response.keep_alive(request.keep_alive());
    response.body() = body;
    response.prepare_payload();
    co_await http::async_write(socket, response, asio::redirect_error(asio::use_awaitable, error));
  }
}

asio::awaitable<void> accept(asio::io_context& context, unsigned short port, const Keys& keys) {
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
  while (true) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    asio::co_spawn(context, serve(std::move(socket), keys), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  Keys keys;
  keys.signature = sign(keys.rsa);
  keys.ec_signature = sign(keys.ec);
  asio::io_context context(1);
  asio::co_spawn(context, accept(context, static_cast<unsigned short>(std::atoi(argv[1])), keys),
                 asio::detached);
  context.run();
}

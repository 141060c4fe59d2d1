#include "server/http/request_head.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/optional/optional.hpp>

namespace server::http {

HeadScanner::State HeadScanner::out_of_room() const {
  return has_line_ ? State::head_too_large : State::target_too_long;
}

HeadScanner::State HeadScanner::scan(std::string_view bytes) {
  const std::size_t end = bytes.size() < kHeadLimit ? bytes.size() : kHeadLimit;
  while (at_ < end) {
    const auto byte = static_cast<unsigned char>(bytes[at_]);
    if (byte >= 0x20 && byte != 0x7f) {
      // RFC 9112 §2.2, §5.2: a line that begins with white space is refused, not joined.
      if (byte == ' ' && at_ == line_start_) return State::malformed;
      ++at_;
      continue;
    }
    if (byte == '\t' && at_ != line_start_) {
      ++at_;
      continue;
    }
    if (byte != '\r') return State::malformed;
    if (at_ + 1 >= end) break;
    if (bytes[at_ + 1] != '\n') return State::malformed;
    const bool is_empty_line = at_ == line_start_;
    // One empty line before the request line is let pass (RFC 9112 §2.2).
    if (is_empty_line && !has_line_ && at_ != 0) return State::malformed;
    at_ += 2;
    line_start_ = at_;
    if (is_empty_line && has_line_) return State::complete;
    if (!is_empty_line) has_line_ = true;
  }
  return bytes.size() >= kHeadLimit ? out_of_room() : State::incomplete;
}

namespace {

namespace beast = boost::beast;

// Beast's grammar, writing straight into a RequestHead. Only ever given a complete head, so that
// its handling of bodies, chunks and trailers stays unused.
class Parser final : public beast::http::basic_parser<true> {
 public:
  explicit Parser(RequestHead& head) : head_(head) {}

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, beast::error_code&) override {
    head_.method = {method.data(), method.size()};
    head_.target = {target.data(), target.size()};
    head_.version = version;
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     beast::error_code&) override {
    auto& field = head_.fields.emplace_back(std::string(name.data(), name.size()),
                                            std::string(value.data(), value.size()));
    for (char& c : field.first) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
  }
  void on_header_impl(beast::error_code&) override {}
  void on_finish_impl(beast::error_code&) override {}

  void on_response_impl(int, beast::string_view, int, beast::error_code& error) override {
    error = beast::http::error::unexpected_body;
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code& error) override {
    error = beast::http::error::unexpected_body;
  }
  std::size_t on_body_impl(beast::string_view, beast::error_code& error) override {
    error = beast::http::error::unexpected_body;
    return 0;
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code& error) override {
    error = beast::http::error::unexpected_body;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view,
                                 beast::error_code& error) override {
    error = beast::http::error::unexpected_body;
    return 0;
  }

  RequestHead& head_;
};

}  // namespace

bool parse_head(std::string_view bytes, RequestHead& head) {
  if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  head.fields.clear();
  head.fields.reserve(16);
  Parser parser(head);
  parser.header_limit(static_cast<std::uint32_t>(kHeadLimit));
  // The length is compared with the route's limit later.
  parser.body_limit(boost::none);
  beast::error_code error;
  const std::size_t used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  return !error && used == bytes.size() && parser.is_header_done();
}

}  // namespace server::http

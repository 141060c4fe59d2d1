// Owns: one request on its way through: from head to answer, without any socket. The connection
// reads and writes around it.
#pragma once
#include <string>

#include "server/http/gate.h"
#include "server/http/worker.h"

namespace server::http {

// What the connection knows of its peer.
struct Peer {
  boost::asio::ip::address address;  // not IPv4-mapped
  std::string address_text;
  bool is_tls = false;
};

class Exchange {
 public:
  Exchange(Service& service, const Peer& peer);

  // Reads a head that HeadScanner found complete, passes it through the gate and finds its route.
  // Afterwards either is_answered(), or the body is to be read and the request dispatched.
  void begin(std::string_view head_bytes);
  // Answers what the scanner or the gate refuses; the connection closes afterwards.
  void refuse(int status, std::string_view reason);
  void fail(int status);  // with the error page
  void fail_late();       // 503, the handler takes too long
  // Settles what needs no handler: unknown paths, methods, preflight. Call it once the body is
  // read.
  void settle();

  bool is_answered() const { return answered_; }
  void answer(Response given);
  Request take_request();

  std::size_t body_size() const { return admission_.content_length; }
  std::size_t body_limit() const;
  bool expects_continue() const { return admission_.expects_continue; }
  const Route* route() const { return route_; }
  std::string& body() { return request_.body; }

  // The origin to ask CorsOrigins about; empty when there is nothing to ask.
  const std::string& origin_to_ask() const { return origin_to_ask_; }
  void allow_origin() { allowed_origin_ = origin_to_ask_; }

  // Appends the answer's head, and its body when that is small. A large body stays in
  // remaining_body(), which the caller sends after it.
  void append_answer(std::string& out, std::string_view date, bool close);
  std::string_view remaining_body() const { return remaining_body_; }
  bool must_close() const { return !keep_alive_; }
  // The peer asked for the end and was not refused, so that nothing more is on its way. Otherwise
  // closing takes patience, or the answer is lost (RFC 9112 §9.6).
  bool peer_is_done() const { return !refused_ && !admission_.keep_alive; }
  void log() const noexcept;

 private:
  void turn_away(const Refusal& refusal, RequestHead& head);
  void take_fields(RequestHead& head);
  void find_route();
  void settle_options();
  void note_origin();

  Service& service_;
  const Peer& peer_;
  Clock::time_point started_ = Clock::now();
  Admission admission_;
  Request request_;
  Request shown_;  // for error pages and the access log
  const Route* route_ = nullptr;
  Cors cors_ = Cors::none;
  std::string allow_;  // methods, when the path fits but not the method
  std::string origin_to_ask_;
  std::string allowed_origin_;
  Response response_;
  std::string_view remaining_body_;
  bool answered_ = false;
  bool keep_alive_ = true;
  bool refused_ = false;
};

}  // namespace server::http

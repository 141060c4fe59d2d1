#include "server/http/exchange.h"

#include <array>

#include "oidc/base/text.h"

namespace server::http {
namespace {

constexpr std::size_t kDefaultBodyLimit = 64 * 1024;  // of requests without a route
// Up to this size a body is copied behind its head, which is cheaper than a second buffer.
constexpr std::size_t kJoinedBody = 16 * 1024;
constexpr std::string_view kRetryAfter = "5";  // seconds

// The fields that error pages and the access log may see: none that holds a secret.
bool is_shown(std::string_view name) {
  constexpr std::array<std::string_view, 9> kShown = {
      "host",   "user-agent",     "accept",       "accept-language", "content-type",
      "origin", "sec-fetch-mode", "x-request-id", "traceparent"};
  for (const std::string_view shown : kShown) {
    if (name == shown) return true;
  }
  return false;
}

const Route* cors_row(const Router& router, std::string_view path) {
  for (const Method method :
       {Method::get, Method::post, Method::put, Method::patch, Method::delete_}) {
    const Route* row = router.find(method, path, nullptr);
    if (row != nullptr && row->cors != Cors::none) return row;
  }
  return nullptr;
}

}  // namespace

Exchange::Exchange(Service& service, const Peer& peer) : service_(service), peer_(peer) {
  shown_.client_address = peer.address_text;
  shown_.is_https = peer.is_tls;
}

void Exchange::begin(std::string_view head_bytes) {
  RequestHead head;
  const bool is_parsed = parse_head(head_bytes, head);
  if (head.method == "HEAD") shown_.method = Method::head;
  if (!is_parsed) return refuse(400, "The request head is malformed.");
  auto verdict = admit(head, service_.gate);
  if (!verdict) return turn_away(verdict.error(), head);
  admission_ = *verdict;
  keep_alive_ = admission_.keep_alive;
  request_.method = admission_.method;
  request_.path = admission_.path;
  request_.query = admission_.query;
  admission_.path = admission_.query = {};  // the buffer they point into is used up soon
  take_fields(head);

  shown_.method = request_.method;
  shown_.path = request_.path;
  shown_.query = request_.query;
  find_route();
}

void Exchange::take_fields(RequestHead& head) {
  request_.headers = std::move(head.fields);
  request_.client_address = peer_.address_text;
  request_.is_https = peer_.is_tls;
  apply_forwarded(request_, peer_.address, service_.trusted);
  shown_.client_address = request_.client_address;
  shown_.is_https = request_.is_https;
  for (const auto& field : request_.headers) {
    if (is_shown(field.first)) shown_.headers.push_back(field);
  }
}

void Exchange::turn_away(const Refusal& refusal, RequestHead& head) {
  // A long link and another name of this machine are what people come with. The fields were found
  // sound before, so they may say who asks.
  if (refusal.status != 414 && refusal.status != 421) {
    return refuse(refusal.status, refusal.reason);
  }
  take_fields(head);
  refused_ = true;
  keep_alive_ = false;
  fail(refusal.status);
}

void Exchange::find_route() {
  route_ = service_.router.find(request_.method, request_.path, &allow_);
  if (route_ != nullptr) {
    cors_ = route_->cors;
  } else if (!allow_.empty()) {
    // Preflight, or a method that is not there: scripts of other origins may read the answer where
    // they may read the path's others.
    const Route* row = cors_row(service_.router, request_.path);
    if (row != nullptr) cors_ = row->cors;
  }
  note_origin();
}

void Exchange::note_origin() {
  if (cors_ == Cors::any) allowed_origin_ = "*";
  if (cors_ != Cors::clients || request_.count("origin") != 1) return;
  const std::string_view origin = *request_.header("origin");
  const bool may_ask = origin.size() <= 512 && origin != "null" && !origin.empty() &&
                       origin.find(' ') == std::string_view::npos &&
                       oidc::is_printable_ascii(origin);
  if (may_ask) origin_to_ask_ = origin;
}

std::size_t Exchange::body_limit() const {
  return route_ != nullptr ? route_->body_limit : kDefaultBodyLimit;
}

void Exchange::refuse(int status, std::string_view reason) {
  refused_ = true;
  keep_alive_ = false;
  answer(Response::text(status, std::string(reason) + "\n"));
}

void Exchange::fail(int status) {
  if (status == 413) {
    refused_ = true;
    keep_alive_ = false;
  }
  answer(service_.make_error(shown_, status));
}

void Exchange::fail_late() {
  Response response = service_.make_error(shown_, 503);
  response.set("Retry-After", std::string(kRetryAfter));
  keep_alive_ = false;
  answer(std::move(response));
}

void Exchange::settle() {
  if (answered_ || route_ != nullptr) return;
  if (allow_.empty()) return fail(404);
  if (request_.method == Method::options) return settle_options();
  Response response = service_.make_error(shown_, 405);
  response.set("Allow", allow_);
  answer(std::move(response));
}

void Exchange::settle_options() {
  Response response = Response::empty(204);
  const bool is_preflight =
      request_.header("origin") && request_.header("access-control-request-method");
  if (is_preflight && cors_ != Cors::none) {
    if (!allowed_origin_.empty()) {
      response.set("Access-Control-Allow-Methods", service_.router.methods(request_.path, true));
      response.set("Access-Control-Allow-Headers", "authorization, content-type, dpop");
      response.set("Access-Control-Max-Age", "600");
    }
    // Cors::clients names Origin already.
    if (cors_ == Cors::any) response.add("Vary", "Origin");
  } else {
    response.set("Allow", allow_);
  }
  answer(std::move(response));
}

void Exchange::answer(Response given) {
  response_ = std::move(given);
  if (response_.is_broken() || response_.status < 200 || response_.status > 599) {
    response_ = Response::empty(500);
  }
  answered_ = true;
}

Request Exchange::take_request() {
  return std::move(request_);
}

void Exchange::append_answer(std::string& out, std::string_view date, bool close) {
  if (close) keep_alive_ = false;
  const AnswerTraits traits{.is_https = shown_.is_https,
                            .close = !keep_alive_,
                            .omit_body = shown_.method == Method::head,
                            .cors = cors_,
                            .allowed_origin = allowed_origin_};
  append_head(out, response_, traits, date);
  if (traits.omit_body || !may_have_body(response_.status)) return;
  if (response_.body.size() <= kJoinedBody) {
    out += response_.body;
  } else {
    remaining_body_ = response_.body;
  }
}

void Exchange::log() const noexcept {
  if (!service_.access_log) return;
  try {
    service_.access_log({.request = shown_,
                         .route = route_,
                         .status = response_.status,
                         .duration = std::chrono::duration_cast<std::chrono::microseconds>(
                             Clock::now() - started_)});
  } catch (const std::exception& error) {
    service_.report(error.what());
  }
}

}  // namespace server::http

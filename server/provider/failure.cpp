#include "server/provider/failure.h"

#include "oidc/base/form.h"
#include "oidc/base/network.h"
#include "oidc/crypto/random.h"
#include "oidc/response/body.h"
#include "server/observe/event_id.h"
#include "server/observe/log.h"
#include "server/provider/look.h"

namespace server::provider {

using oidc::OAuthError;
using oidc::OAuthErrorCode;

namespace {

struct Detail {
  std::string rule, expected, received;
};

// "RULE: expected X, received Y", or "RULE: what is wrong".
Detail read_detail(const OAuthError& error) {
  constexpr std::string_view expected = "expected ";
  constexpr std::string_view received = ", received ";
  const auto colon = error.detail.find(": ");
  if (colon == std::string::npos) {
    return {std::string(oidc::to_string(error.code)), error.description, error.detail};
  }
  Detail out{error.detail.substr(0, colon), error.description, error.detail.substr(colon + 2)};
  const auto comma = out.received.find(received);
  if (out.received.starts_with(expected) && comma != std::string::npos) {
    out.expected = out.received.substr(expected.size(), comma - expected.size());
    out.received = out.received.substr(comma + received.size());
  }
  return out;
}

std::string title_for(const OAuthError& error) {
  if (error.code == OAuthErrorCode::temporarily_unavailable) return "error_moment";
  return error.code == OAuthErrorCode::server_error ? "error_500" : "";
}

// What went wrong here is told in the person's language; what is wrong with a request, to whoever
// wrote it, in the words of the specifications.
std::string sentence_for(const OAuthError& error) {
  if (error.code == OAuthErrorCode::temporarily_unavailable) return "error_503_sentence";
  return error.code == OAuthErrorCode::server_error ? "error_500_sentence" : error.description;
}

}  // namespace

OAuthError to_oauth_error(const store::StoreError& error) {
  if (error.fault == store::StoreFault::failed || error.fault == store::StoreFault::conflict) {
    return {OAuthErrorCode::server_error,
            "The server failed; the operator can look up the reference.", "store: " + error.detail};
  }
  return {OAuthErrorCode::temporarily_unavailable,
          "The server is busy or its database is away; nothing was used up, so try again.",
          "store: " + error.detail};
}

int json_status(OAuthErrorCode code) {
  switch (code) {
    case OAuthErrorCode::invalid_client:
    case OAuthErrorCode::invalid_token:
      return 401;
    case OAuthErrorCode::insufficient_scope:
      return 403;
    case OAuthErrorCode::temporarily_unavailable:
      return 503;
    case OAuthErrorCode::server_error:
      return 500;
    default:
      return 400;
  }
}

std::string record_failure(const Provider& provider, const http::Request& request,
                           std::string_view route, const OAuthError& error, int status,
                           std::string_view client_id) {
  auto id = observe::make_event_id(oidc::crypto::random_bytes(observe::kEventIdBytes));
  const auto code = oidc::to_string(error.code);
  const auto what = read_detail(error);
  provider.failures.push({.id = id,
                          .at = provider.now(),
                          .kind = std::string(code),
                          .rule = what.rule,
                          .expected = what.expected,
                          .received = what.received,
                          .client_id = std::string(client_id),
                          .source = oidc::network_of(request.client_address),
                          .route = std::string(route),
                          .status = status});
  const auto level = status >= 500 ? observe::LogLevel::error : observe::LogLevel::info;
  observe::log(level, "request_failed",
               {{"event_id", id},
                {"route", route},
                {"status", status},
                {"error", code},
                {"detail", error.detail.empty() ? error.description : error.detail},
                {"client_id", client_id},
                {"source", request.client_address}});
  return id;
}

http::Response json_failure(const Provider& provider, const http::Request& request,
                            std::string_view route, const OAuthError& error,
                            std::string_view client_id) {
  const int status = json_status(error.code);
  const auto id = record_failure(provider, request, route, error, status, client_id);
  auto response = http::Response::json(status, oidc::response::error_body(error, id));
  if (status == 401) {
    // RFC 6749 §5.2: the scheme that the client used.
    response.set("WWW-Authenticate", "Basic realm=\"latchkey\", charset=\"UTF-8\"");
  }
  if (status == 503) response.set("Retry-After", "1");
  return response;
}

http::Response bearer_failure(const Provider& provider, const http::Request& request,
                              std::string_view route, const OAuthError& error,
                              bool token_was_sent) {
  const int status = token_was_sent ? json_status(error.code) : 401;
  const auto id = record_failure(provider, request, route, error, status);
  auto response = http::Response::json(status, oidc::response::error_body(error, id));
  std::string challenge = "Bearer realm=\"latchkey\"";
  if (token_was_sent && status < 500) {
    challenge += ", error=\"" + std::string(oidc::to_string(error.code)) +
                 "\", error_description=\"" + oidc::response::public_description(error, id) + "\"";
  }
  if (status < 500) response.set("WWW-Authenticate", challenge);
  if (status == 503) response.set("Retry-After", "1");
  return response;
}

std::string language_of(const Provider& provider, const http::Request& request,
                        std::string ui_locales) {
  if (ui_locales.empty()) {
    const auto query = oidc::Form::parse(request.query, oidc::Repeats::note);
    if (query) ui_locales = query->value_or("ui_locales", "");
  }
  return page::pick_language(ui_locales, request.header("accept-language").value_or(""),
                             provider.config.default_language);
}

http::Response page_failure(const Provider& provider, const http::Request& request,
                            std::string_view route, const OAuthError& error, page::ErrorView view,
                            std::string_view client_id) {
  if (view.status == 400 && error.code != OAuthErrorCode::invalid_client) {
    view.status = json_status(error.code);
  }
  if (view.look == page::Look()) view.look = last_look(provider, request);
  view.error = std::string(oidc::to_string(error.code));
  if (view.title.empty()) view.title = title_for(error);
  if (view.sentence.empty()) view.sentence = sentence_for(error);
  view.event_id = record_failure(provider, request, route, error, view.status, client_id);
  auto response = provider.pages.error(view);
  if (view.status == 503) response.set("Retry-After", "1");
  return response;
}

}  // namespace server::provider

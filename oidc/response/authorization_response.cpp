#include "oidc/response/authorization_response.h"

#include "oidc/response/body.h"

namespace oidc::response {
namespace {

using request::ResponseMode;

std::string with_query(const std::string& uri, const Form& parameters) {
  const std::string query = parameters.encode();
  if (query.empty()) return uri;
  // A registered query is kept (RFC 6749 §3.1.2).
  return uri + (uri.find('?') == std::string::npos ? "?" : "&") + query;
}

AuthorizationResponse respond(const request::ValidatedRedirectUri& uri, ResponseMode mode,
                              Form fields) {
  switch (mode) {
    case ResponseMode::query:
      return {mode, with_query(uri.text(), fields), {}};
    case ResponseMode::fragment:
      return {mode, uri.text() + "#" + fields.encode(), {}};
    case ResponseMode::form_post:
      break;
  }
  return {mode, uri.text(), std::move(fields)};
}

void set_unless_empty(Form& form, const char* name, std::string_view value) {
  if (!value.empty()) form.set(name, std::string(value));
}

}  // namespace

AuthorizationResponse success(const request::AuthorizationRequest& request, const Issued& issued,
                              std::string_view issuer, TimePoint now) {
  Form form;
  set_unless_empty(form, "code", issued.code);
  if (issued.tokens && !issued.tokens->access_token.empty()) {
    const auto lifetime = issued.tokens->expires_at - now;
    form.set("access_token", issued.tokens->access_token);
    form.set("token_type", "Bearer");
    form.set("expires_in",
             std::to_string(std::chrono::duration_cast<std::chrono::seconds>(lifetime).count()));
    form.set("scope", issued.tokens->scope);
  }
  if (issued.tokens) set_unless_empty(form, "id_token", issued.tokens->id_token);
  set_unless_empty(form, "state", request.state);
  form.set("iss", std::string(issuer));
  set_unless_empty(form, "session_state", issued.session_state);
  return respond(request.redirect_uri, request.response_mode, std::move(form));
}

AuthorizationResponse failure(const request::RedirectError& error, std::string_view issuer,
                              std::string_view event_id) {
  Form form;
  form.set("error", std::string(to_string(error.error.code)));
  form.set("error_description", public_description(error.error, event_id));
  set_unless_empty(form, "state", error.state);
  form.set("iss", std::string(issuer));
  return respond(error.redirect_uri, error.response_mode, std::move(form));
}

std::string logout_location(const request::ValidatedRedirectUri& uri, std::string_view state) {
  Form form;
  set_unless_empty(form, "state", state);
  return with_query(uri.text(), form);
}

}  // namespace oidc::response

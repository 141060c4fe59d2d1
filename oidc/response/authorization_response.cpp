#include "oidc/response/authorization_response.h"

#include "oidc/base/form.h"
#include "oidc/response/body.h"

namespace oidc::response {
namespace {

std::string with_query(const std::string& uri, const Form& parameters) {
  const std::string query = parameters.encode();
  if (query.empty()) return uri;
  // A registered query is kept (RFC 6749 §3.1.2).
  return uri + (uri.find('?') == std::string::npos ? "?" : "&") + query;
}

}  // namespace

std::string code_location(const request::ValidatedRedirectUri& redirect_uri, std::string_view code,
                          std::string_view state, std::string_view issuer) {
  Form form;
  form.set("code", std::string(code));
  if (!state.empty()) form.set("state", std::string(state));
  form.set("iss", std::string(issuer));
  return with_query(redirect_uri.text(), form);
}

std::string error_location(const request::RedirectError& error, std::string_view issuer,
                           std::string_view event_id) {
  Form form;
  form.set("error", std::string(to_string(error.error.code)));
  form.set("error_description", public_description(error.error, event_id));
  if (!error.state.empty()) form.set("state", error.state);
  form.set("iss", std::string(issuer));
  return with_query(error.redirect_uri.text(), form);
}

std::string logout_location(const request::ValidatedRedirectUri& uri, std::string_view state) {
  Form form;
  if (!state.empty()) form.set("state", std::string(state));
  return with_query(uri.text(), form);
}

}  // namespace oidc::response

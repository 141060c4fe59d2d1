#include "oidc/request/redirect_uri.h"

#include "oidc/base/text.h"
#include "oidc/base/uri.h"

namespace oidc::request {

std::string ValidatedRedirectUri::scheme() const {
  return text_.substr(0, text_.find(':') + 1);
}

std::string ValidatedRedirectUri::host() const {
  const auto uri = Uri::parse(text_);
  if (!uri || !uri->has_authority) return "";
  return uri->port.empty() ? uri->host : uri->host + ":" + uri->port;
}

bool ValidatedRedirectUri::is_private_use_or_loopback() const {
  const auto uri = Uri::parse(text_);
  return !uri || !equals_ignore_case(uri->scheme, "https");
}

bool redirect_uri_matches(std::string_view registered, std::string_view requested) {
  if (registered == requested) return true;
  // RFC 8252 §7.3: "The authorization server MUST allow any port to be specified at the time of the
  // request for loopback IP redirect URIs".
  const auto known = Uri::parse(registered);
  if (!known || known->scheme != "http" || !is_loopback_literal(known->host)) return false;
  const auto asked = Uri::parse(requested);
  if (!asked || asked->has_userinfo || asked->fragment) return false;
  return asked->scheme == known->scheme && asked->host == known->host &&
         asked->path == known->path && asked->query == known->query;
}

Result<ValidatedRedirectUri> validate_redirect_uri(const model::Client& client,
                                                   std::string_view requested, TimePoint now) {
  const auto live = [now](const model::RedirectUri& row) {
    return !row.expires_at || *row.expires_at > now;
  };
  if (requested.empty()) {
    return fail(OAuthErrorCode::invalid_request, "The parameter redirect_uri is missing.",
                "redirect_uri: expected one of those registered, received nothing");
  }
  for (const auto& row : client.redirect_uris) {
    if (live(row) && redirect_uri_matches(row.uri, requested)) {
      return ValidatedRedirectUri(std::string(requested));
    }
  }
  std::string registered;
  for (const auto& row : client.redirect_uris) {
    if (live(row)) registered += (registered.empty() ? "" : " ") + row.uri;
  }
  return fail(OAuthErrorCode::invalid_request,
              "The redirect_uri of the request is not registered for this application.",
              "redirect_uri: expected one of " + registered.substr(0, 300) + ", received " +
                  to_description(requested.substr(0, 200)));
}

Result<ValidatedRedirectUri> validate_post_logout_redirect_uri(const model::Client& client,
                                                               std::string_view requested) {
  for (const auto& uri : client.post_logout_redirect_uris) {
    if (redirect_uri_matches(uri, requested)) return ValidatedRedirectUri(std::string(requested));
  }
  return fail(OAuthErrorCode::invalid_request,
              "The post_logout_redirect_uri is not registered for this application.");
}

}  // namespace oidc::request

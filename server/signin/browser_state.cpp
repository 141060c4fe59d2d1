#include "server/signin/browser_state.h"

#include "oidc/base/base64url.h"
#include "oidc/base/uri.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/random.h"

namespace server::signin {
namespace {

constexpr std::size_t kStateLength = 22;  // of a random_id()

}  // namespace

std::string browser_state(const provider::Provider& provider, const http::Request& request,
                          std::vector<std::string>& set_cookies) {
  if (!provider.features.session_management) return "";
  // Set in this very request: what the browser sent has been replaced.
  const std::string prefix = std::string(kStateCookie) + "=";
  for (const auto& cookie : set_cookies) {
    if (cookie.starts_with(prefix)) return cookie.substr(prefix.size(), kStateLength);
  }
  const auto held = request.cookie(kStateCookie);
  if (held && held->size() == kStateLength && oidc::base64url_decode(*held)) return *held;
  return renew_browser_state(provider, set_cookies);
}

std::string renew_browser_state(const provider::Provider& provider,
                                std::vector<std::string>& set_cookies) {
  if (!provider.features.session_management) return "";
  auto state = oidc::crypto::random_id();
  // Read by a page of ours inside a frame of the application: not Lax, not HttpOnly. Without TLS
  // there is no SameSite=None, and so only applications of the same site can watch.
  set_cookies.push_back(http::Cookie{.name = std::string(kStateCookie),
                                     .value = state,
                                     .secure = provider.is_https,
                                     .max_age_s = std::nullopt,
                                     .readable_in_frames = true}
                            .serialize());
  return state;
}

std::string session_state(std::string_view state, std::string_view client_id,
                          std::string_view redirect_uri) {
  const auto uri = oidc::Uri::parse(redirect_uri);
  if (state.empty() || !uri || !uri->has_authority) return "";
  const auto salt = oidc::base64url_encode(oidc::crypto::random_bytes(12));
  const auto digest = oidc::crypto::sha256(std::string(client_id) + " " + uri->origin() + " " +
                                           std::string(state) + " " + salt);
  return oidc::base64url_encode(digest) + "." + salt;
}

}  // namespace server::signin

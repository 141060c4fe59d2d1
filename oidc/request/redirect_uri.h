// Owns: the comparison of a requested redirect URI with the registered ones (RFC 6749 §3.1.2.3,
// RFC 9700 §2.1, RFC 8252 §7.3), and ValidatedRedirectUri, without which no redirect can be built.
#pragma once
#include <string>
#include <string_view>

#include "oidc/base/result.h"
#include "oidc/base/time.h"
#include "oidc/model/client.h"

namespace oidc::request {

// A redirect URI that this client registered. Only validate_redirect_uri() and
// validate_post_logout_redirect_uri() make one, so an open redirect does not compile.
class ValidatedRedirectUri {
 public:
  const std::string& text() const { return text_; }
  // "https:", "com.example.app:" …: what CSP form-action needs.
  std::string scheme() const;
  std::string host() const;
  // A private-use scheme or http on loopback: any program on the machine may be listening there
  // (RFC 8252 §8.6).
  bool is_private_use_or_loopback() const;

 private:
  explicit ValidatedRedirectUri(std::string text) : text_(std::move(text)) {}
  friend Result<ValidatedRedirectUri> validate_redirect_uri(const model::Client&, std::string_view,
                                                            TimePoint);
  friend Result<ValidatedRedirectUri> validate_post_logout_redirect_uri(const model::Client&,
                                                                        std::string_view);
  std::string text_;
};

// Byte for byte equal; or, for http on a loopback literal, equal but for the port.
bool redirect_uri_matches(std::string_view registered, std::string_view requested);

// Error: invalid_request when `requested` is empty (OpenID Connect Core §3.1.2.1) or not
// registered.
Result<ValidatedRedirectUri> validate_redirect_uri(const model::Client& client,
                                                   std::string_view requested, TimePoint now);
Result<ValidatedRedirectUri> validate_post_logout_redirect_uri(const model::Client& client,
                                                               std::string_view requested);

}  // namespace oidc::request

#include "server/endpoint/bearer.h"

#include "oidc/base/form.h"
#include "oidc/base/text.h"
#include "server/provider/failure.h"

namespace server::endpoint {

using oidc::OAuthErrorCode;

oidc::Result<std::optional<std::string>> read_bearer(const http::Request& request) {
  std::optional<std::string> token;
  if (const auto header = request.header("authorization")) {
    if (request.count("authorization") > 1 || header->size() < 8 ||
        !oidc::equals_ignore_case(header->substr(0, 7), "bearer ")) {
      return oidc::fail(OAuthErrorCode::invalid_request,
                        "The Authorization header must be one of the Bearer scheme.");
    }
    token = std::string(oidc::trim(header->substr(7)));
  }
  if (request.method == http::Method::post &&
      request.media_type() == "application/x-www-form-urlencoded") {
    auto form = oidc::Form::parse(request.body);
    if (!form) return std::unexpected(form.error());
    if (auto in_body = form->get("access_token")) {
      if (token) {
        return oidc::fail(OAuthErrorCode::invalid_request,
                          "The access token came twice: in the header and in the body.");
      }
      token = std::move(in_body);
    }
  }
  return token;
}

runtime::Task<oidc::Result<LiveAccess>> find_access(const provider::Provider& provider,
                                                    std::string text) {
  const auto now = provider.now();
  auto token = provider.verified_tokens->find(text, now);
  if (!token) {
    auto verified = oidc::token::verify_access_token(text, *provider.keys.verification_keys(),
                                                     provider.issuer, now);
    if (!verified) co_return std::unexpected(verified.error());
    provider.verified_tokens->put(text, *verified);
    token = std::move(*verified);
  }
  auto record = co_await provider.store.load_access(token->grant_id, token->jti, now);
  if (!record) co_return std::unexpected(provider::to_oauth_error(record.error()));
  if (!*record || !(*record)->live || (*record)->grant.client_id != token->client_id ||
      (*record)->grant.subject != token->subject) {
    co_return oidc::fail(OAuthErrorCode::invalid_token, "The access token is not valid here.",
                         "access token: revoked, or its grant has ended");
  }
  co_return LiveAccess{std::move(*token), std::move(**record)};
}

}  // namespace server::endpoint

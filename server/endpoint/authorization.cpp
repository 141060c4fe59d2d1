#include "server/endpoint/authorization.h"

#include "server/provider/failure.h"
#include "server/signin/dispatch.h"

namespace server::endpoint {
namespace {

constexpr std::string_view kRoute = "/authorize";

http::Response unreadable(const provider::Provider& provider, const http::Request& request,
                          const oidc::OAuthError& error) {
  page::ErrorView view;
  view.title = "error_unreadable";
  view.remedy = "error_try_again_tell";
  return page_failure(provider, request, kRoute, error, view);
}

}  // namespace

runtime::Task<http::Response> get_authorize(const provider::Provider& provider,
                                            http::Request request) {
  auto form = oidc::Form::parse(request.query, oidc::Repeats::note);
  if (!form) co_return unreadable(provider, request, form.error());
  signin::Flow flow;
  flow.form = std::move(*form);
  flow.started_at = provider.now();
  co_return co_await signin::dispatch(provider, request,
                                      {.flow = std::move(flow), .route = std::string(kRoute)});
}

runtime::Task<http::Response> post_authorize(const provider::Provider& provider,
                                             http::Request request) {
  auto form = request.media_type() == "application/x-www-form-urlencoded"
                  ? oidc::Form::parse(request.body, oidc::Repeats::note)
                  : oidc::fail(oidc::OAuthErrorCode::invalid_request,
                               "The body must be application/x-www-form-urlencoded.");
  if (!form) co_return unreadable(provider, request, form.error());
  if (!form->repeated().empty()) {
    // Refused in any case: as an error to the application, or on a page.
    signin::Flow flow;
    flow.form = std::move(*form);
    flow.started_at = provider.now();
    co_return co_await signin::dispatch(provider, request,
                                        {.flow = std::move(flow), .route = std::string(kRoute)});
  }
  const auto query = form->encode();
  if (query.size() > signin::kMaxSealedRequest) {
    co_return unreadable(provider, request,
                         {oidc::OAuthErrorCode::invalid_request,
                          "The request is too large: its parameters must fit in 4 KB."});
  }
  // A cross-site POST comes without our Lax cookies: turned into a GET of ourselves, so that a
  // person who is signed in stays so.
  co_return http::Response::redirect("/authorize?" + query);
}

}  // namespace server::endpoint

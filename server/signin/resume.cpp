#include "server/signin/resume.h"

#include "server/provider/failure.h"
#include "server/provider/look.h"

namespace server::signin {
namespace {

using http::Request;
using http::Response;
using oidc::OAuthError;
using oidc::OAuthErrorCode;
using provider::Provider;

page::ErrorView lost_page() {
  page::ErrorView view;
  view.title = "error_lost";
  view.sentence = "error_lost_sentence";
  view.remedy = "error_go_back";
  return view;
}

// Nothing dead-ends: what is too old starts anew with the same parameters, unless only the
// application can send them again.
runtime::Task<Response> start_anew(const Provider& provider, const Request& request,
                                   std::string_view route, Flow flow) {
  if (!flow.own_page.empty()) co_return Response::redirect(flow.own_page);
  if (flow.restartable) co_return Response::redirect("/authorize?" + flow.form.encode());
  const auto client =
      co_await provider.store.find_client(flow.form.value_or("client_id", ""), provider.now());
  page::ErrorView view;
  view.look = co_await provider::find_look(provider, request, flow.form.value_or("ui_locales", ""),
                                           client ? client->get() : nullptr);
  view.title = "error_expired";
  view.sentence = "error_expired_sentence";
  view.remedy = "error_go_back";
  const OAuthError error{OAuthErrorCode::invalid_request, "The page was open for too long.",
                         "t: older than the limit"};
  co_return page_failure(provider, request, route, error, view);
}

}  // namespace

runtime::Task<std::expected<Flow, Response>> resume_page(const Provider& provider,
                                                         const Request& request,
                                                         std::string_view route) {
  const auto query = oidc::Form::parse(request.query);
  auto opened =
      query ? open_flow(provider, Purpose::authorize, query->value_or("t", "")) : std::nullopt;
  if (!opened) {
    co_return std::unexpected(page_failure(
        provider, request, route,
        OAuthError{OAuthErrorCode::invalid_request, "", "t: missing, altered or of another server"},
        lost_page()));
  }
  if (opened->expired) {
    co_return std::unexpected(
        co_await start_anew(provider, request, route, std::move(opened->flow)));
  }
  co_return std::move(opened->flow);
}

runtime::Task<std::expected<SubmittedForm, Response>> resume_form(const Provider& provider,
                                                                  const Request& request,
                                                                  Purpose purpose,
                                                                  std::string_view route) {
  auto fields = request.media_type() == "application/x-www-form-urlencoded"
                    ? oidc::Form::parse(request.body)
                    : oidc::fail(OAuthErrorCode::invalid_request,
                                 "The form must be application/x-www-form-urlencoded.");
  if (!fields) {
    co_return std::unexpected(page_failure(provider, request, route, fields.error(), lost_page()));
  }
  auto opened = open_flow(provider, purpose, fields->value_or("t", ""));
  if (!opened) {
    auto view = lost_page();
    view.status = 403;
    OAuthError error{OAuthErrorCode::access_denied, "The form was not made by this server.",
                     "t: missing, altered or of another server"};
    co_return std::unexpected(page_failure(provider, request, route, error, view));
  }
  if (opened->expired && purpose == Purpose::authorize) {
    co_return std::unexpected(
        co_await start_anew(provider, request, route, std::move(opened->flow)));
  }
  const bool own = is_own_form(provider, request, opened->flow) && !opened->expired;
  co_return SubmittedForm{std::move(opened->flow), std::move(*fields), own};
}

}  // namespace server::signin

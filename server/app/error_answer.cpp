#include "server/app/error_answer.h"

#include "oidc/response/body.h"
#include "server/provider/failure.h"

namespace server::app {
namespace {

using oidc::OAuthErrorCode;

struct Row {
  int status;
  const char* title;
  const char* sentence;
  OAuthErrorCode code;
};
constexpr Row kRows[] = {
    {400, "This request cannot be read", "The request is not valid HTTP for this server.",
     OAuthErrorCode::invalid_request},
    {404, "There is nothing here", "The address leads nowhere on this server.",
     OAuthErrorCode::invalid_request},
    {405, "This address cannot be used that way",
     "The address exists, but not for this HTTP method.", OAuthErrorCode::invalid_request},
    {413, "That was too much", "The request is larger than this address accepts.",
     OAuthErrorCode::invalid_request},
    {414, "That address is too long", "The address of the request is longer than 8 KB.",
     OAuthErrorCode::invalid_request},
    {421, "This server has another name",
     "The request names a host that this server does not answer for.",
     OAuthErrorCode::invalid_request},
    {503, "Please try again in a moment", "The server is busy; nothing was used up, so try again.",
     OAuthErrorCode::temporarily_unavailable},
    {500, "Something went wrong here", "The server failed; the operator can look up the reference.",
     OAuthErrorCode::server_error},
};

const Row& find(int status) {
  for (const auto& row : kRows) {
    if (row.status == status) return row;
  }
  return status < 500 ? kRows[0] : kRows[std::size(kRows) - 1];
}

bool wants_page(const http::Request& request) {
  const auto accept = request.header("accept");
  return accept && accept->find("text/html") != std::string_view::npos;
}

}  // namespace

http::ErrorPage make_error_answer(const provider::Provider& provider) {
  return [&provider](const http::Request& request, int status) {
    const auto& row = find(status);
    const oidc::OAuthError error{row.code, row.sentence, "http: status " + std::to_string(status)};
    // Programs that ask for an address that is not there are not worth a row in the database.
    const bool for_browser = wants_page(request);
    const std::string id =
        status >= 500 || for_browser ? record_failure(provider, request, "", error, status) : "";
    if (!for_browser) {
      return http::Response::json(status, oidc::response::error_body(error, id));
    }
    page::ErrorView view;
    view.status = status;
    view.title = row.title;
    view.sentence = row.sentence;
    view.remedy = status == 404 || status == 405
                      ? "Go back to the application that you want to use and sign in from there."
                      : "";
    if (status == 421) view.facts = {{"This server", provider.issuer}};
    view.event_id = id;
    return provider.pages.error(view);
  };
}

}  // namespace server::app

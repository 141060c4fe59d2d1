#include "server/app/error_answer.h"

#include "oidc/response/body.h"
#include "server/provider/failure.h"
#include "server/provider/look.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

using oidc::OAuthErrorCode;

struct Row {
  int status;
  const char* sentence;
  OAuthErrorCode code;
};
// The pages' own sentences stand in the texts, as error_404 and error_404_sentence.
constexpr Row kRows[] = {
    {400, "The request is not valid HTTP for this server.", OAuthErrorCode::invalid_request},
    {404, "The address leads nowhere on this server.", OAuthErrorCode::invalid_request},
    {405, "The address exists, but not for this HTTP method.", OAuthErrorCode::invalid_request},
    {413, "The request is larger than this address accepts.", OAuthErrorCode::invalid_request},
    {414, "The address of the request is longer than 8 KB.", OAuthErrorCode::invalid_request},
    {421, "The request names a host that this server does not answer for.",
     OAuthErrorCode::invalid_request},
    {503, "The server is busy; nothing was used up, so try again.",
     OAuthErrorCode::temporarily_unavailable},
    {500, "The server failed; the operator can look up the reference.",
     OAuthErrorCode::server_error},
};

const Row& find(int status) {
  for (const auto& row : kRows) {
    if (row.status == status) return row;
  }
  return status < 500 ? kRows[0] : kRows[std::size(kRows) - 1];
}

std::string remedy(int status) {
  if (status == 404 || status == 405) return "error_go_back";
  if (status == 413) return "error_413_remedy";
  if (status == 414) return "error_try_again_tell";
  return status == 421 ? "error_421_remedy" : "";
}

bool wants_page(const http::Request& request) {
  const auto accept = request.header("accept");
  return accept && accept->find("text/html") != std::string_view::npos;
}

}  // namespace

http::ErrorPage make_error_answer(const provider::Provider& provider) {
  // Remembered from now on. Without it these pages have our own looks until another page is asked
  // for, which is no reason not to start.
  (void)runtime::run_blocking(provider.store.find_branding(""));
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
    const std::string key = "error_" + std::to_string(row.status);
    view.title = row.status == 503 ? "error_moment" : key;
    view.sentence = key + "_sentence";
    view.remedy = remedy(status);
    view.look = provider::last_look(provider, request);
    if (status == 421) {
      view.address = provider.issuer;
      // Under that name they cannot be fetched.
      view.look.stylesheet.clear();
      view.look.logo.clear();
    }
    view.event_id = id;
    return provider.pages.error(view);
  };
}

}  // namespace server::app

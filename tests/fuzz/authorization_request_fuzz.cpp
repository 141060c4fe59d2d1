// The query of /authorize (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1): answers and errors go to
// a registered redirect URI, or to nobody.
#include "oidc/base/form.h"
#include "oidc/request/authorization_request.h"
#include "tests/fuzz/fuzz.h"

using namespace oidc;

namespace {

const std::string kRedirectUri = "https://app.example.com/cb";
const std::string kLoopback = "http://127.0.0.1/cb";

bool is_ours(const request::ValidatedRedirectUri& uri) {
  return uri.text() == kRedirectUri || request::redirect_uri_matches(kLoopback, uri.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto form = Form::parse(fuzz::view(data, size), Repeats::note);
  if (!form) return 0;
  model::Client client{.client_id = "c",
                       .redirect_uris = {{.uri = kRedirectUri}, {.uri = kLoopback}}};
  client.response_types = {"code", "code id_token", "id_token"};
  (void)request::response_mode_for_errors(*form);
  const auto request = request::parse_authorization_request(*form, client, {.allow_implicit = true},
                                                            TimePoint{std::chrono::hours(500'000)});
  if (!request) {
    if (const auto* error = std::get_if<request::RedirectError>(&request.error())) {
      fuzz::promise(is_ours(error->redirect_uri), "errors go to a registered redirect URI");
    }
    return 0;
  }
  fuzz::promise(is_ours(request->redirect_uri), "answers go to a registered redirect URI");
  fuzz::promise(!form->is_repeated("redirect_uri") && !form->is_repeated("client_id"),
                "who asks, and where the answer goes, is said once");
  fuzz::promise(!request->response_type.code || !request->code_challenge.empty(),
                "no code without PKCE for a client that must use it");
  fuzz::promise(!request->response_type.token, "no response type that is not the client's");
  return 0;
}

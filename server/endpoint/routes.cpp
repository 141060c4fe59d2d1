#include "server/endpoint/routes.h"

#include "server/console/pages.h"
#include "server/endpoint/authorization.h"
#include "server/endpoint/brand.h"
#include "server/endpoint/documents.h"
#include "server/endpoint/introspection.h"
#include "server/endpoint/logo.h"
#include "server/endpoint/pushed_authorization.h"
#include "server/endpoint/registration.h"
#include "server/endpoint/revocation.h"
#include "server/endpoint/token.h"
#include "server/endpoint/userinfo.h"
#include "server/provider/look.h"
#include "server/signin/chooser.h"
#include "server/signin/consent.h"
#include "server/signin/link.h"
#include "server/signin/link_wait.h"
#include "server/signin/login.h"
#include "server/signin/logout.h"
#include "server/signin/reset.h"
#include "server/signin/signup.h"

namespace server::endpoint {
namespace {

using http::Cors;
using http::Method;
using http::Request;
using http::Response;
using provider::Provider;
using runtime::Task;

using Endpoint = Task<Response> (*)(const Provider&, Request);

struct EndpointRow {
  Method method;
  const char* path;
  Endpoint endpoint;
  std::size_t body_limit;
  Cors cors;
};

constexpr std::size_t kForm = 64 * 1024;
constexpr std::size_t kNone = 0;

constexpr EndpointRow kEndpoints[] = {
    {Method::get, "/authorize", get_authorize, kNone, Cors::none},
    {Method::post, "/authorize", post_authorize, kForm, Cors::none},
    {Method::post, "/par", post_par, kForm, Cors::clients},
    {Method::post, "/token", post_token, kForm, Cors::clients},
    {Method::get, "/userinfo", userinfo, kNone, Cors::clients},
    {Method::post, "/userinfo", userinfo, kForm, Cors::clients},
    {Method::post, "/introspect", post_introspect, kForm, Cors::none},
    {Method::post, "/revoke", post_revoke, kForm, Cors::clients},
    {Method::get, "/jwks", get_jwks, kNone, Cors::any},
    {Method::get, "/logo/*", get_logo, kNone, Cors::none},
    {Method::get, "/brand/*", get_brand, kNone, Cors::none},
    {Method::post, "/register", post_registration, kForm, Cors::none},
    {Method::get, "/register/*", get_registration, kNone, Cors::none},
    {Method::put, "/register/*", put_registration, kForm, Cors::none},
    {Method::delete_, "/register/*", delete_registration, kNone, Cors::none},
    {Method::get, "/login", signin::get_login, kNone, Cors::none},
    {Method::post, "/login", signin::post_login, kForm, Cors::none},
    {Method::post, "/m/send", signin::post_link_send, kForm, Cors::none},
    {Method::get, "/m/sent", signin::get_link_sent, kNone, Cors::none},
    {Method::get, "/m/wait", signin::get_link_wait, kNone, Cors::none},
    {Method::get, "/m/go", signin::get_link_go, kNone, Cors::none},
    {Method::post, "/m/code", signin::post_link_code, kForm, Cors::none},
    {Method::post, "/m/continue", signin::post_link_continue, kForm, Cors::none},
    {Method::post, "/m/again", signin::post_link_again, kForm, Cors::none},
    {Method::get, "/m/*", signin::get_link, kNone, Cors::none},
    {Method::post, "/m/*", signin::post_link, kForm, Cors::none},
    {Method::get, "/signup", signin::get_signup, kNone, Cors::none},
    {Method::post, "/signup", signin::post_signup, kForm, Cors::none},
    {Method::get, "/reset", signin::get_reset, kNone, Cors::none},
    {Method::post, "/reset", signin::post_reset, kForm, Cors::none},
    {Method::get, "/reset/finish", signin::get_reset_finish, kNone, Cors::none},
    {Method::post, "/reset/finish", signin::post_reset_finish, kForm, Cors::none},
    {Method::get, "/choose", signin::get_choose, kNone, Cors::none},
    {Method::post, "/choose", signin::post_choose, kForm, Cors::none},
    {Method::get, "/account", console::get_profile, kNone, Cors::none},
    {Method::post, "/account/profile", console::post_profile, kForm, Cors::none},
    {Method::get, "/account/switch", console::get_switch, kNone, Cors::none},
    {Method::get, "/account/security", console::get_security, kNone, Cors::none},
    {Method::post, "/account/sessions/end", console::post_end_session, kForm, Cors::none},
    {Method::post, "/account/sessions/end-others", console::post_end_others, kForm, Cors::none},
    {Method::get, "/account/applications", console::get_applications, kNone, Cors::none},
    {Method::post, "/account/applications/revoke", console::post_revoke, kForm, Cors::none},
    {Method::get, "/account/activity", console::get_activity, kNone, Cors::none},
    {Method::get, "/account/password", console::get_password, kNone, Cors::none},
    {Method::post, "/account/password", console::post_password, kForm, Cors::none},
    {Method::get, "/account/email", console::get_email, kNone, Cors::none},
    {Method::post, "/account/email", console::post_email, kForm, Cors::none},
    {Method::get, "/account/delete", console::get_delete, kNone, Cors::none},
    {Method::post, "/account/delete", console::post_delete, kForm, Cors::none},
    {Method::get, "/consent", signin::get_consent, kNone, Cors::none},
    {Method::post, "/consent", signin::post_consent, kForm, Cors::none},
    {Method::get, "/logout", signin::get_logout, kNone, Cors::none},
    {Method::post, "/logout", signin::post_logout, kForm, Cors::none},
};

Task<Response> answer(Response response) {
  co_return response;
}

// Documents that never change while the program runs.
http::Handler fixed(Response response) {
  return [response = std::move(response)](const Request&) { return answer(response); };
}

Task<Response> home_page(const Provider& provider, page::HomeView view, Request request) {
  view.look = co_await provider::find_look(provider, request);
  co_return provider.pages.home(view);
}

Task<bool> is_client_origin(const Provider& provider, std::string origin) {
  auto known = co_await provider.store.has_client_origin(std::move(origin), provider.now());
  co_return known.has_value() && *known;
}

}  // namespace

http::Router make_router(const Provider& provider, std::function<bool()> draining,
                         const page::HomeView& home) {
  http::Router router;
  for (const auto& row : kEndpoints) {
    router.add({row.method, row.path,
                [&provider, endpoint = row.endpoint](Request request) {
                  return endpoint(provider, std::move(request));
                },
                row.body_limit, row.cors});
  }
  const auto discovery = discovery_document(provider);
  router.add(
      {Method::get, "/.well-known/openid-configuration", fixed(discovery), kNone, Cors::any});
  router.add(
      {Method::get, "/.well-known/oauth-authorization-server", fixed(discovery), kNone, Cors::any});
  if (provider.features.session_management) {
    router.add(
        {Method::get, "/check_session", fixed(provider.pages.check_session()), kNone, Cors::none});
  }
  router.add(
      {Method::get, "/",
       [&provider, home](Request request) { return home_page(provider, home, std::move(request)); },
       kNone, Cors::none});
  router.add({Method::get, "/health", fixed(health_document()), kNone, Cors::none});
  router.add(
      {Method::get, "/livez", [](const Request&) { return get_livez(); }, kNone, Cors::none});
  router.add({Method::get, "/readyz",
              [&provider, draining = std::move(draining)](const Request&) {
                return get_readyz(provider, draining);
              },
              kNone, Cors::none});
  router.add({Method::get, "/static/*",
              [&provider](const Request& request) {
                return answer(provider.pages.static_file(request.path));
              },
              kNone, Cors::none});
  return router;
}

http::CorsOrigins make_cors_origins(const Provider& provider) {
  return [&provider](std::string origin) { return is_client_origin(provider, std::move(origin)); };
}

}  // namespace server::endpoint

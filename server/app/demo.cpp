#include "server/app/demo.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "oidc/base/base64url.h"
#include "oidc/base/form.h"
#include "oidc/base/json.h"
#include "oidc/base/text.h"
#include "oidc/base/uri.h"
#include "oidc/crypto/aead.h"
#include "oidc/crypto/digest.h"
#include "oidc/crypto/random.h"
#include "oidc/jose/jws.h"
#include "server/admin/operations.h"
#include "server/endpoint/token.h"
#include "server/endpoint/userinfo.h"
#include "server/runtime/run_blocking.h"

namespace server::app {
namespace {

using http::Method;
using http::Request;
using http::Response;
using provider::Provider;
using runtime::Task;

constexpr std::string_view kSession = "latchkey_demo";
constexpr std::string_view kPlace = "latchkey demo cookie v1";
constexpr long kHours12 = 12L * 3600;

std::string random_text(std::size_t bytes) {
  return oidc::base64url_encode(oidc::crypto::random_bytes(bytes));
}

std::string callback(const Provider& provider) {
  return provider.issuer + "/demo/callback";
}

std::string seal(const Provider& provider, const oidc::Form& form) {
  return oidc::base64url_encode(
      oidc::crypto::seal(provider.keys.purpose_key("seal"), form.encode(), kPlace));
}

std::optional<oidc::Form> open_cookie(const Provider& provider, const Request& request,
                                      std::string_view name) {
  const auto cookie = request.cookie(provider.cookie_name(name));
  const auto bytes = cookie ? oidc::base64url_decode(*cookie) : std::nullopt;
  const auto plain =
      bytes ? oidc::crypto::open(provider.keys.purpose_key("seal"), *bytes, kPlace) : std::nullopt;
  if (!plain) return std::nullopt;
  auto form = oidc::Form::parse(*plain);
  return form ? std::optional(std::move(*form)) : std::nullopt;
}

// One cookie per sign-in under way, so that two tabs do not disturb each other.
std::string transaction_name(std::string_view state) {
  return "latchkey_demo_" + std::string(state.substr(0, 8));
}

// Bound to the demo's session cookie, which a foreign page cannot read.
std::string csrf(const Provider& provider, const oidc::Form& session) {
  return oidc::base64url_encode(oidc::crypto::hmac_sha256(
      provider.keys.purpose_key("seal"), "demo csrf|" + session.value_or("id", "")));
}

Response to_demo(std::string_view notice) {
  return Response::redirect("/demo" + (notice.empty() ? "" : "?notice=" + std::string(notice)));
}

std::string text_of(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

page::DemoView signed_in_view(const Provider& provider, const oidc::Form& session) {
  page::DemoView view;
  view.signed_in = true;
  view.csrf = csrf(provider, session);
  view.has_refresh_token = session.has("refresh");
  view.token_facts = {{"Scope", session.value_or("scope", "")},
                      {"Access token ends", session.value_or("expires", "") + " (Unix seconds)"},
                      {"Refresh token", session.has("refresh") ? "yes" : "no"}};
  // What /userinfo told, then what only the ID token says.
  if (const auto person = oidc::parse_json_object(session.value_or("userinfo", "{}"))) {
    view.name = oidc::string_member(*person, "name").value_or("");
    view.email = oidc::string_member(*person, "email").value_or("");
    for (const auto& [name, value] : person->items())
      view.claims.emplace_back(name, text_of(value));
  }
  const auto jwt =
      oidc::jose::verify_jwt(session.value_or("id_token", ""), *provider.keys.verification_keys());
  if (jwt) {
    for (const auto& [name, value] : jwt->claims->items()) {
      if (name != "sub") view.claims.emplace_back(name, text_of(value));
    }
  }
  return view;
}

Task<Response> show(const Provider& provider, page::SeededPerson seeded, Request request) {
  page::DemoView view;
  view.seeded = std::move(seeded);
  if (const auto session = open_cookie(provider, request, kSession)) {
    view = signed_in_view(provider, *session);
  }
  const auto query = oidc::Form::parse(request.query);
  const auto notice = query ? query->value_or("notice", "") : "";
  if (notice == "refreshed") view.notice = "The tokens were refreshed.";
  if (notice == "signed_out") view.notice = "You are signed out.";
  if (notice == "declined") view.notice = "You declined, so the demo learned nothing.";
  if (notice == "failed") view.notice = "That did not work: sign in once more.";
  co_return provider.pages.demo(view);
}

Task<Response> sign_in(const Provider& provider, Request) {
  oidc::Form transaction;
  const auto state = oidc::crypto::random_id();
  const auto verifier = random_text(32);
  const auto nonce = oidc::crypto::random_id();
  transaction.set("state", state);
  transaction.set("verifier", verifier);
  transaction.set("nonce", nonce);
  oidc::Form query;
  query.set("client_id", demo_client_id(provider));
  query.set("response_type", "code");
  query.set("redirect_uri", callback(provider));
  query.set("scope", "openid profile email offline_access");
  query.set("state", state);
  query.set("nonce", nonce);
  query.set("code_challenge", oidc::base64url_encode(oidc::crypto::sha256(verifier)));
  query.set("code_challenge_method", "S256");
  auto response = Response::redirect("/authorize?" + query.encode());
  response.add("Set-Cookie",
               provider.cookie(transaction_name(state), seal(provider, transaction), kHours12));
  co_return response;
}

// A request to an endpoint of this server, as another program would send it.
Request call(Method method, std::string path, std::string address) {
  Request request;
  request.method = method;
  request.path = std::move(path);
  request.client_address = std::move(address);
  return request;
}

Task<std::shared_ptr<nlohmann::json>> ask_token(const Provider& provider, oidc::Form form,
                                                std::string address) {
  form.set("client_id", demo_client_id(provider));
  auto request = call(Method::post, "/token", std::move(address));
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = form.encode();
  const auto response = co_await endpoint::post_token(provider, std::move(request));
  if (response.status != 200) co_return nullptr;
  co_return std::shared_ptr<nlohmann::json>(oidc::parse_json_object(response.body));
}

// Checks the ID token as a client must (OpenID Connect Core §3.1.3.7) and makes the demo's session.
std::optional<oidc::Form> make_session(const Provider& provider, const nlohmann::json& tokens,
                                       std::string_view nonce) {
  const auto id_token = oidc::string_member(tokens, "id_token").value_or("");
  const auto jwt = oidc::jose::verify_jwt(id_token, *provider.keys.verification_keys());
  if (!jwt) return std::nullopt;
  const auto& claims = *jwt->claims;
  const bool sound = oidc::string_member(claims, "iss") == provider.issuer &&
                     oidc::string_member(claims, "aud") == demo_client_id(provider) &&
                     claims.value("exp", std::int64_t{0}) > oidc::to_seconds(provider.now()) &&
                     (nonce.empty() || oidc::string_member(claims, "nonce").value_or("") == nonce);
  if (!sound) return std::nullopt;
  oidc::Form session;
  session.set("id", random_text(12));
  session.set("id_token", id_token);
  session.set("scope", oidc::string_member(tokens, "scope").value_or(""));
  session.set("expires", std::to_string(oidc::to_seconds(provider.now()) +
                                        tokens.value("expires_in", std::int64_t{0})));
  if (const auto refresh = oidc::string_member(tokens, "refresh_token")) {
    session.set("refresh", *refresh);
  }
  return session;
}

// Adds what /userinfo tells, asked as any application would.
Task<bool> add_userinfo(const Provider& provider, oidc::Form& session,
                        const nlohmann::json& tokens) {
  auto request = call(Method::get, "/userinfo", "");
  request.headers = {
      {"authorization", "Bearer " + oidc::string_member(tokens, "access_token").value_or("")}};
  const auto response = co_await endpoint::userinfo(provider, std::move(request));
  session.set("userinfo", response.body);
  co_return response.status == 200;
}

Task<Response> receive(const Provider& provider, Request request) {
  const auto query = oidc::Form::parse(request.query);
  if (!query) co_return to_demo("failed");
  const auto state = query->value_or("state", "");
  const auto transaction = open_cookie(provider, request, transaction_name(state));
  if (!transaction && query->has("code")) {
    // Back button, bookmark or cleared cookies: whoever is signed in stays so, others start anew.
    const bool signed_in = open_cookie(provider, request, kSession).has_value();
    co_return signed_in ? to_demo("") : Response::redirect("/demo/sign-in");
  }
  if (!transaction || state.empty() || transaction->value_or("state", "") != state ||
      query->value_or("iss", "") != provider.issuer) {
    co_return to_demo("failed");
  }
  if (query->has("error")) {
    co_return to_demo(query->value_or("error", "") == "access_denied" ? "declined" : "failed");
  }
  oidc::Form form;
  form.set("grant_type", "authorization_code");
  form.set("code", query->value_or("code", ""));
  form.set("redirect_uri", callback(provider));
  form.set("code_verifier", transaction->value_or("verifier", ""));
  const auto tokens = co_await ask_token(provider, std::move(form), request.client_address);
  if (!tokens) co_return to_demo("failed");
  auto session = make_session(provider, *tokens, transaction->value_or("nonce", ""));
  if (!session || !co_await add_userinfo(provider, *session, *tokens)) {
    co_return to_demo("failed");
  }
  auto response = to_demo("");
  response.add("Set-Cookie", provider.cookie(kSession, seal(provider, *session), kHours12));
  response.add("Set-Cookie", provider.cookie(transaction_name(state), "", 0));
  co_return response;
}

// The session behind a form of the demo; nothing when the form is not its own.
std::optional<oidc::Form> own_session(const Provider& provider, const Request& request) {
  auto session = open_cookie(provider, request, kSession);
  const auto fields = oidc::Form::parse(request.body);
  if (!session || !fields) return std::nullopt;
  const bool own =
      oidc::crypto::equal_constant_time(fields->value_or("csrf", ""), csrf(provider, *session));
  return own ? std::move(session) : std::nullopt;
}

Task<Response> refresh(const Provider& provider, Request request) {
  const auto session = own_session(provider, request);
  if (!session) co_return to_demo("failed");
  oidc::Form form;
  form.set("grant_type", "refresh_token");
  form.set("refresh_token", session->value_or("refresh", ""));
  const auto tokens = co_await ask_token(provider, std::move(form), request.client_address);
  auto renewed = tokens ? make_session(provider, *tokens, "") : std::nullopt;
  if (!renewed || !co_await add_userinfo(provider, *renewed, *tokens)) {
    auto response = to_demo("failed");
    response.add("Set-Cookie", provider.cookie(kSession, "", 0));
    co_return response;
  }
  auto response = to_demo("refreshed");
  response.add("Set-Cookie", provider.cookie(kSession, seal(provider, *renewed), kHours12));
  co_return response;
}

Task<Response> sign_out(const Provider& provider, Request request) {
  const auto session = own_session(provider, request);
  if (!session) co_return to_demo("failed");
  oidc::Form query;
  query.set("id_token_hint", session->value_or("id_token", ""));
  query.set("post_logout_redirect_uri", provider.issuer + "/demo?notice=signed_out");
  auto response = Response::redirect("/logout?" + query.encode());
  response.add("Set-Cookie", provider.cookie(kSession, "", 0));
  co_return response;
}

}  // namespace

std::string demo_client_id(const Provider& provider) {
  const auto issuer = oidc::Uri::parse(provider.issuer);
  return "demo" + (issuer && !issuer->port.empty() ? "-" + issuer->port : "");
}

void register_demo_client(const Provider& provider) {
  const store::Actor actor{"operator", ""};
  oidc::model::Client client;
  client.client_id = demo_client_id(provider);
  client.client_name = "Latchkey demo";
  client.token_endpoint_auth_method = oidc::model::ClientAuthMethod::none;
  client.redirect_uris = {{callback(provider), std::nullopt}};
  client.post_logout_redirect_uris = {provider.issuer + "/demo?notice=signed_out"};
  client.grant_types = {"authorization_code", "refresh_token"};
  client.created_at = provider.now();
  auto known = runtime::run_blocking(provider.store.find_client(client.client_id, provider.now()));
  if (known && *known) return;
  auto done =
      runtime::run_blocking(provider.store.insert_client(std::move(client), actor, provider.now()));
  if (!done) throw std::runtime_error("The demo client: " + admin::say(done.error()));
}

void add_demo_routes(http::Router& router, const Provider& provider,
                     const page::SeededPerson& seeded) {
  struct Row {
    Method method;
    const char* path;
    Task<Response> (*run)(const Provider&, Request);
  };
  router.add(
      {Method::get, "/demo",
       [&provider, seeded](Request request) { return show(provider, seeded, std::move(request)); },
       0, http::Cors::none});
  constexpr Row rows[] = {{Method::get, "/demo/sign-in", sign_in},
                          {Method::get, "/demo/callback", receive},
                          {Method::post, "/demo/refresh", refresh},
                          {Method::post, "/demo/sign-out", sign_out}};
  for (const auto& row : rows) {
    router.add(
        {row.method, row.path,
         [&provider, run = row.run](Request request) { return run(provider, std::move(request)); },
         4096, http::Cors::none});
  }
}

}  // namespace server::app

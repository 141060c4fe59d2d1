// Owns: the server's own handlers, called without sockets, and a browser that keeps cookies and
// follows the forms of the pages. Checks little itself.
#pragma once
#include <map>
#include <nlohmann/json.hpp>

#include "oidc/base/base64url.h"
#include "oidc/base/form.h"
#include "oidc/crypto/digest.h"
#include "server/admin/operations.h"
#include "server/endpoint/routes.h"
#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

namespace app_test {

using nlohmann::json;
using oidc::Form;
using server::http::Method;
using server::http::Request;
using server::http::Response;

inline constexpr const char* kPassword = "glass otter paints harbour";
inline constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
inline constexpr const char* kForm = "application/x-www-form-urlencoded";

inline Form form(std::initializer_list<std::pair<const char*, std::string>> fields) {
  Form out;
  for (const auto& [name, value] : fields) out.set(name, value);
  return out;
}

inline Form query_of(const Response& response) {
  const std::string location(response.get("Location").value_or(""));
  const auto mark = location.find('?');
  return Form::parse(mark == std::string::npos ? "" : location.substr(mark + 1)).value();
}

inline std::string path_of(const Response& response) {
  const std::string location(response.get("Location").value_or(""));
  return location.substr(0, location.find('?'));
}

// The server's handlers, two clients and two people.
struct Site : World {
  server::http::Router router = server::endpoint::make_router(provider, [] { return false; }, {});
  server::admin::AddedClient web = add_client("client_secret_basic");
  server::admin::AddedClient evil = add_client("client_secret_post");
  server::admin::AddedClient spa = add_client("none");

  Site() {
    for (const char* email : {"alice@example.com", "mallory@example.com"}) {
      REQUIRE(run(server::admin::add_user(
          *store, passwords,
          {.email = email, .name = "Somebody", .password = oidc::Password(kPassword)}, actor,
          clock_now())));
    }
  }

  server::admin::AddedClient add_client(const char* method) {
    const json metadata = {{"redirect_uris", {"https://rp.test/cb"}},
                           {"post_logout_redirect_uris", {"https://rp.test/bye"}},
                           {"grant_types", {"authorization_code", "refresh_token"}},
                           {"token_endpoint_auth_method", method}};
    return run(server::admin::add_client(*store, {metadata.dump()}, actor, clock_now())).value();
  }

  Response send(Request request) {
    const auto* route = router.find(request.method, request.path, nullptr);
    REQUIRE(route != nullptr);
    return run(route->handler(std::move(request)));
  }

  static Request post(std::string path, const Form& fields) {
    Request request;
    request.method = Method::post;
    request.path = std::move(path);
    request.headers = {{"content-type", kForm}};
    request.body = fields.encode();
    request.client_address = "192.0.2.1";
    return request;
  }

  static Request as_basic(Request request, const server::admin::AddedClient& client) {
    // Standard base64 of base64url alphabets: id and secret hold no byte that needs more.
    static constexpr char kAlphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string text = client.client.client_id + ":" + client.secret.reveal();
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 3) {
      std::uint32_t bits = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        bits = (bits << 8) | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
      }
      for (std::size_t k = 0; k < 4; ++k) {
        out.push_back(i + k > text.size() ? '=' : kAlphabet[(bits >> (18 - 6 * k)) & 63]);
      }
    }
    request.headers.emplace_back("authorization", "Basic " + out);
    return request;
  }

  Response token(const Form& fields) { return send(as_basic(post("/token", fields), web)); }

  Response userinfo(const std::string& access_token) {
    Request request;
    request.path = "/userinfo";
    request.headers = {{"authorization", "Bearer " + access_token}};
    return send(std::move(request));
  }

  json introspect(const std::string& text) {
    return json::parse(send(as_basic(post("/introspect", form({{"token", text}})), web)).body);
  }
};

struct Browser {
  Site& site;
  std::map<std::string, std::string> cookies;

  Response visit(Request request) {
    std::string line;
    for (const auto& [name, value] : cookies) {
      line += (line.empty() ? "" : "; ") + name + "=" + value;
    }
    if (!line.empty()) request.headers.emplace_back("cookie", line);
    request.client_address = "192.0.2.1";
    auto response = site.send(std::move(request));
    for (const auto& [name, value] : response.headers()) {
      if (name != "Set-Cookie") continue;
      const auto equals = value.find('=');
      const auto text = value.substr(equals + 1, value.find(';') - equals - 1);
      if (value.find("Max-Age=0") != std::string::npos) {
        cookies.erase(value.substr(0, equals));
      } else {
        cookies[value.substr(0, equals)] = text;
      }
    }
    return response;
  }

  Response get(std::string path, const Form& query = {}) {
    Request request;
    request.path = std::move(path);
    request.query = query.encode();
    return visit(std::move(request));
  }

  Response submit(std::string path, const Form& fields) {
    auto request = Site::post(std::move(path), fields);
    request.headers.emplace_back("origin", "https://id.test");
    return visit(std::move(request));
  }

  static Form request_of(const oidc::model::Client& client, const Form& changes = {}) {
    auto query = form({{"client_id", client.client_id},
                       {"response_type", "code"},
                       {"redirect_uri", "https://rp.test/cb"},
                       {"scope", "openid email offline_access"},
                       {"state", "st"},
                       {"nonce", "n"},
                       {"code_challenge_method", "S256"}});
    query.set("code_challenge", oidc::base64url_encode(oidc::crypto::sha256(kVerifier)));
    for (const auto& [name, value] : changes.entries()) query.set(name, value);
    return query;
  }

  Response sign_in(const Response& page, const char* email = "alice@example.com",
                   const char* password = kPassword) {
    REQUIRE(path_of(page) == "/login");
    return submit(
        "/login",
        form({{"t", *query_of(page).get("t")}, {"email", email}, {"password", password}}));
  }

  Response allow(const Response& page) {
    REQUIRE(path_of(page) == "/consent");
    return submit("/consent", form({{"t", *query_of(page).get("t")}, {"decision", "allow"}}));
  }

  // Signs in where that is asked for, allows, and returns the code.
  std::string code(const oidc::model::Client& client, const Form& changes = {}) {
    auto response = get("/authorize", request_of(client, changes));
    if (path_of(response) == "/login") response = sign_in(response);
    if (path_of(response) == "/consent") response = allow(response);
    REQUIRE(path_of(response) == "https://rp.test/cb");
    const auto query = query_of(response);
    CHECK(query.get("iss") == "https://id.test");
    CHECK(query.get("state") == "st");
    REQUIRE(query.has("code"));
    return *query.get("code");
  }
};

inline Form redeem(const std::string& code) {
  return form({{"grant_type", "authorization_code"},
               {"code", code},
               {"redirect_uri", "https://rp.test/cb"},
               {"code_verifier", kVerifier}});
}

inline Form refresh(const std::string& token) {
  return form({{"grant_type", "refresh_token"}, {"refresh_token", token}});
}

inline std::string error_of(const Response& response) {
  return json::parse(response.body).value("error", "");
}

}  // namespace app_test

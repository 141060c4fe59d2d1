#include "server/signin/flow.h"

#include "oidc/base/base64url.h"
#include "oidc/crypto/digest.h"
#include "server/signin/resume.h"
#include "tests/support/catch.h"
#include "tests/unit/server/app/provider_fixture.h"

using namespace server::signin;
using app_test::World;
using server::http::Method;
using server::http::Request;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr std::string_view kCookie = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

std::string hash_of(std::string_view cookie) {
  return oidc::base64url_encode(oidc::crypto::sha256(cookie));
}

Flow flow_at(oidc::TimePoint started_at) {
  Flow flow;
  flow.form.set("client_id", "web");
  flow.form.set("state", "a&b=c\r\n\"\xc3\xa4 +%");
  flow.started_at = started_at;
  flow.binding = hash_of(kCookie);
  return flow;
}

Request post_form(std::string body) {
  Request request;
  request.method = Method::post;
  request.path = "/login";
  request.headers = {{"content-type", "application/x-www-form-urlencoded"},
                     {"cookie", "__Host-latchkey_bind=" + std::string(kCookie)},
                     {"origin", "https://id.test"},
                     {"sec-fetch-site", "same-origin"}};
  request.body = std::move(body);
  return request;
}

Request with_header(Request request, std::string name, std::optional<std::string> value) {
  std::erase_if(request.headers, [&](const auto& field) { return field.first == name; });
  if (value) request.headers.emplace_back(std::move(name), std::move(*value));
  return request;
}

}  // namespace

TEST_CASE("Flow: sealed and opened again, whole") {
  World world;
  auto flow = flow_at(world.provider.now());
  flow.session_id = 4711;
  flow.email = "alice@example.com";
  flow.notice = server::page::SignInNotice::wrong_credentials;
  flow.event_id = "LK-1";
  const auto sealed = seal_flow(world.provider, Purpose::authorize, flow);
  CHECK(sealed.find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
        std::string::npos);
  const auto opened = open_flow(world.provider, Purpose::authorize, sealed);
  REQUIRE(opened);
  CHECK_FALSE(opened->expired);
  CHECK(opened->flow.form.entries() == flow.form.entries());
  CHECK(opened->flow.started_at == flow.started_at);
  CHECK(opened->flow.binding == flow.binding);
  CHECK(opened->flow.session_id == 4711);
  CHECK(opened->flow.email == "alice@example.com");
  CHECK(opened->flow.notice == server::page::SignInNotice::wrong_credentials);
  CHECK(opened->flow.event_id == "LK-1");
  // Each seal is another text, and shows nothing of what is in it.
  CHECK(seal_flow(world.provider, Purpose::authorize, flow) != sealed);
  CHECK(oidc::base64url_decode(sealed)->find("client_id") == std::string::npos);

  const auto bare =
      open_flow(world.provider, Purpose::authorize,
                seal_flow(world.provider, Purpose::authorize, flow_at(world.provider.now())));
  REQUIRE(bare);
  CHECK_FALSE(bare->flow.session_id);
  CHECK(bare->flow.notice == server::page::SignInNotice::none);
}

TEST_CASE("Flow: whatever was altered does not open") {
  World world;
  const auto sealed = seal_flow(world.provider, Purpose::authorize, flow_at(world.provider.now()));
  for (std::size_t i = 0; i < sealed.size(); i += 3) {
    auto altered = sealed;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    CHECK_FALSE(open_flow(world.provider, Purpose::authorize, altered));
  }
  for (const auto& text :
       {std::string(), sealed.substr(1), sealed.substr(0, sealed.size() - 1), sealed + "A",
        sealed + "=", " " + sealed, std::string("!"), std::string(kMaxSealed + 1, 'A')}) {
    CHECK_FALSE(open_flow(world.provider, Purpose::authorize, text));
  }
}

TEST_CASE("Flow: a seal of another purpose, issuer or database does not open") {
  World world;
  const auto flow = flow_at(world.provider.now());
  const auto sealed = seal_flow(world.provider, Purpose::authorize, flow);
  CHECK_FALSE(open_flow(world.provider, Purpose::logout, sealed));
  CHECK_FALSE(open_flow(world.provider, Purpose::authorize,
                        seal_flow(world.provider, Purpose::logout, flow)));
  auto other_issuer = world.provider;
  other_issuer.issuer = "https://other.test";
  CHECK_FALSE(open_flow(other_issuer, Purpose::authorize, sealed));
  // Another database: other keys.
  const auto store =
      server::store::Store::open({.database = "sqlite:" + (world.folder / "other.db")});
  const auto ring = app_test::open_ring(*store, server::keys::throwaway_master_key());
  const server::provider::Provider other_keys{.config = world.config,
                                              .issuer = world.provider.issuer,
                                              .store = *store,
                                              .keys = *ring,
                                              .pages = world.pages,
                                              .passwords = world.passwords,
                                              .outbound = world.outbound,
                                              .client_keys = world.client_keys,
                                              .failures = world.failures,
                                              .metrics = world.metrics};
  CHECK_FALSE(open_flow(other_keys, Purpose::authorize, sealed));
}

TEST_CASE("Flow: too old is told from forged") {
  World world;
  const auto lifetime = world.config.interaction_lifetime;
  const auto is_expired = [&](std::chrono::milliseconds age) {
    const auto sealed =
        seal_flow(world.provider, Purpose::authorize, flow_at(world.provider.now() - age));
    return open_flow(world.provider, Purpose::authorize, sealed).value().expired;
  };
  CHECK_FALSE(is_expired(seconds(0)));
  CHECK_FALSE(is_expired(lifetime - seconds(60)));
  CHECK(is_expired(lifetime + seconds(1)));
  CHECK(is_expired(hours(24 * 365)));
}

TEST_CASE("Own form: Origin, Sec-Fetch-Site and the binding cookie") {
  World world;
  const auto flow = flow_at(world.provider.now());
  const auto own = [&](const Request& request) {
    return is_own_form(world.provider, request, flow);
  };
  const auto good = post_form("");
  CHECK(own(good));

  for (const char* origin : {"https://evil.test", "null", "", "http://id.test", "https://id.test/",
                             "https://id.test:443", "https://sub.id.test", "HTTPS://ID.TEST"}) {
    CAPTURE(origin);
    CHECK_FALSE(own(with_header(good, "origin", origin)));
  }
  CHECK(own(with_header(good, "origin", std::nullopt)));
  for (const char* site : {"cross-site", "same-site", "", "Same-Origin"}) {
    CAPTURE(site);
    CHECK_FALSE(own(with_header(good, "sec-fetch-site", site)));
  }
  CHECK(own(with_header(good, "sec-fetch-site", "none")));
  CHECK(own(with_header(good, "sec-fetch-site", std::nullopt)));

  const std::string value(kCookie);
  for (const auto& cookie : {std::optional<std::string>(), std::optional<std::string>(""),
                             std::optional<std::string>("__Host-latchkey_bind="),
                             std::optional<std::string>("__Host-latchkey_bind=B" + value.substr(1)),
                             std::optional<std::string>("__Host-latchkey_bind=" + hash_of(kCookie)),
                             // The plain name is for http on loopback only.
                             std::optional<std::string>("latchkey_bind=" + value),
                             // Twice: nothing tells which one is ours.
                             std::optional<std::string>("__Host-latchkey_bind=" + value +
                                                        "; __Host-latchkey_bind=" + value)}) {
    CAPTURE(cookie.value_or("(none)"));
    CHECK_FALSE(own(with_header(good, "cookie", cookie)));
  }
}

TEST_CASE("Own form: a flow without binding is nobody's") {
  World world;
  auto flow = flow_at(world.provider.now());
  flow.binding.clear();
  CHECK_FALSE(is_own_form(world.provider, post_form(""), flow));
}

TEST_CASE("Binding: the cookie is kept, or a new one is made") {
  World world;
  const auto kept = read_or_make_binding(world.provider, post_form(""));
  CHECK(kept.hash == hash_of(kCookie));
  CHECK(kept.set_cookie.empty());
  for (const auto& cookie :
       {std::optional<std::string>(), std::optional<std::string>("__Host-latchkey_bind=short"),
        std::optional<std::string>("__Host-latchkey_bind=")}) {
    const auto made =
        read_or_make_binding(world.provider, with_header(post_form(""), "cookie", cookie));
    const auto& text = made.set_cookie;
    const auto equals = text.find('=');
    CHECK(text.starts_with("__Host-latchkey_bind="));
    CHECK(made.hash == hash_of(text.substr(equals + 1, 43)));
    for (const char* flag : {"; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"}) {
      CHECK(text.find(flag) != std::string::npos);
    }
    CHECK(text.find("Domain") == std::string::npos);
  }
}

TEST_CASE("Resuming a page: opened, started anew, or lost") {
  World world;
  const auto get = [&](std::string query) {
    Request request;
    request.path = "/login";
    request.query = std::move(query);
    return support::run(resume_page(world.provider, request, "/login"));
  };
  const auto sealed = [&](oidc::TimePoint at) {
    return seal_flow(world.provider, Purpose::authorize, flow_at(at));
  };
  const auto good = get("t=" + sealed(world.provider.now()));
  REQUIRE(good);
  CHECK(good->form.get("client_id") == "web");

  const auto old = get("t=" + sealed(world.provider.now() - hours(24 * 30)));
  REQUIRE_FALSE(old);
  CHECK(old.error().status == 303);
  CHECK(old.error().get("Location")->starts_with("/authorize?client_id=web&state="));

  const auto logout = seal_flow(world.provider, Purpose::logout, flow_at(world.provider.now()));
  for (const auto& query : {std::string(), std::string("t="), std::string("t=x"), "t=" + logout,
                            std::string("t=%zz"), "t=" + sealed(world.provider.now()) + "&t=x"}) {
    const auto lost = get(query);
    REQUIRE_FALSE(lost);
    CHECK(lost.error().status == 400);
    CHECK_FALSE(lost.error().get("Location"));
  }
}

TEST_CASE("Resuming a form: own, foreign, forged, expired") {
  World world;
  const auto post = [&](const Request& request) {
    return support::run(resume_form(world.provider, request, Purpose::authorize, "/login"));
  };
  const auto sealed = seal_flow(world.provider, Purpose::authorize, flow_at(world.provider.now()));
  const auto own = post(post_form("t=" + sealed + "&email=a%40b"));
  REQUIRE(own);
  CHECK(own->own);
  CHECK(own->fields.get("email") == "a@b");

  const auto foreign = post(with_header(post_form("t=" + sealed), "origin", "https://evil.test"));
  REQUIRE(foreign);
  CHECK_FALSE(foreign->own);

  const auto logout = seal_flow(world.provider, Purpose::logout, flow_at(world.provider.now()));
  for (const auto& body : {std::string(), std::string("t=x"), "t=" + logout, "t=" + sealed + "A"}) {
    const auto forged = post(post_form(body));
    REQUIRE_FALSE(forged);
    CHECK(forged.error().status == 403);
  }
  for (const char* type : {"text/plain", "multipart/form-data; boundary=x", "application/json"}) {
    const auto other = post(with_header(post_form("t=" + sealed), "content-type", type));
    REQUIRE_FALSE(other);
    CHECK(other.error().status == 400);
  }
  const auto old =
      post(post_form("t=" + seal_flow(world.provider, Purpose::authorize,
                                      flow_at(world.provider.now() - hours(24 * 30)))));
  REQUIRE_FALSE(old);
  CHECK(old.error().get("Location")->starts_with("/authorize?"));
  // An old sign-out form is asked anew by its own page: it approves nothing.
  const auto old_logout = support::run(
      resume_form(world.provider,
                  post_form("t=" + seal_flow(world.provider, Purpose::logout,
                                             flow_at(world.provider.now() - hours(24 * 30)))),
                  Purpose::logout, "/logout"));
  REQUIRE(old_logout);
  CHECK_FALSE(old_logout->own);
}

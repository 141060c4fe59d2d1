#include "oidc/request/authorization_request.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::request;
using oidc::Form;
using oidc::OAuthErrorCode;
using oidc::model::Client;

namespace {

const oidc::metadata::Features kFeatures{.resources = {"https://api.test", "https://b.test/x"}};
const oidc::metadata::Features kImplicit{.allow_implicit = true};

using Changes = std::vector<std::pair<std::string, std::string>>;

// A good request of `client`, with these parameters set (or taken away, when the value is "-").
Form request_of(const Client& client, const Changes& changes = {}) {
  Form form;
  form.set("client_id", client.client_id);
  form.set("response_type", "code");
  form.set("redirect_uri", client.redirect_uris.front().uri);
  form.set("scope", "openid");
  form.set("state", "st");
  form.set("code_challenge", std::string(samples::kChallenge));
  form.set("code_challenge_method", "S256");
  for (const auto& [name, value] : changes) {
    if (value == "-") {
      form.erase(name);
    } else {
      form.set(name, value);
    }
  }
  return form;
}

auto parse(const Client& client, const Changes& changes = {}) {
  return parse_authorization_request(request_of(client, changes), client, kFeatures, samples::kNow);
}

// The error that goes to the application.
RedirectError refusal(const Client& client, const Changes& changes) {
  const auto parsed = parse(client, changes);
  REQUIRE_FALSE(parsed);
  REQUIRE(std::holds_alternative<RedirectError>(parsed.error()));
  const auto& error = std::get<RedirectError>(parsed.error());
  CHECK(error.redirect_uri.text() == "https://rp.test/cb");
  CHECK_FALSE(error.error.detail.empty());
  return error;
}

OAuthErrorCode code_of(const Changes& changes, const Client& client = samples::web()) {
  return refusal(client, changes).error.code;
}

}  // namespace

TEST_CASE("Authorization request: a good one, with everything in it") {
  const auto parsed =
      parse(samples::web(), {{"scope", "openid email openid unknown offline_access"},
                             {"nonce", "n-1"},
                             {"prompt", "login consent"},
                             {"max_age", "60"},
                             {"login_hint", "alice@example.com"},
                             {"id_token_hint", "x.y.z"},
                             {"acr_values", "a b"},
                             {"ui_locales", "de en"},
                             {"display", "popup"},
                             {"response_mode", "query"},
                             {"foo", "bar"}});
  REQUIRE(parsed);
  CHECK(parsed->client_id == "web");
  CHECK(parsed->response_type.code);
  CHECK(parsed->redirect_uri.text() == "https://rp.test/cb");
  CHECK(parsed->scopes == std::vector<std::string>{"openid", "email", "offline_access"});
  CHECK(parsed->scope() == "openid email offline_access");
  CHECK(parsed->has_scope("email"));
  CHECK_FALSE(parsed->has_scope("profile"));
  CHECK(parsed->state == "st");
  CHECK(parsed->nonce == "n-1");
  CHECK(parsed->code_challenge == samples::kChallenge);
  CHECK(parsed->prompt.login);
  CHECK(parsed->prompt.consent);
  CHECK_FALSE(parsed->prompt.none);
  CHECK(parsed->max_age_s == 60);
  CHECK(parsed->login_hint == "alice@example.com");
  CHECK(parsed->id_token_hint == "x.y.z");
  CHECK(parsed->acr_values == "a b");
  CHECK(parsed->ui_locales == "de en");
  CHECK(parsed->display == "popup");
}

TEST_CASE("Authorization request: the redirect URI is decided before all else") {
  const Changes broken = {{"response_type", "zzz"}, {"scope", "-"},          {"prompt", "none"},
                          {"request", "x"},         {"code_challenge", "-"}, {"state", "keep"}};
  for (const char* uri : {"https://evil.test", "https://rp.test/cb?x=1", "-", "javascript:x"}) {
    CAPTURE(uri);
    for (const bool also_broken : {false, true}) {
      Changes changes = also_broken ? broken : Changes{};
      changes.emplace_back("redirect_uri", uri);
      const auto parsed = parse(samples::web(), changes);
      REQUIRE_FALSE(parsed);
      CHECK(std::holds_alternative<PageError>(parsed.error()));
    }
  }
}

TEST_CASE("Authorization request: state is echoed exactly, and every error carries it") {
  const std::string odd = "a\r\nSet-Cookie: x=\"><script>\xc3\xa4 +%";
  CHECK(parse(samples::web(), {{"state", odd}})->state == odd);
  CHECK(refusal(samples::web(), {{"state", odd}, {"response_type", "token"}}).state == odd);
  CHECK(parse(samples::web(), {{"state", "-"}})->state.empty());
  CHECK(parse(samples::web(), {{"state", std::string(4096, 's')}}));
  CHECK(code_of({{"state", std::string(4097, 's')}}) == OAuthErrorCode::invalid_request);
}

TEST_CASE("Authorization request: a parameter that stands twice is refused") {
  const auto client = samples::web();
  const auto twice = [&](const std::string& addition) {
    const auto form =
        Form::parse(request_of(client).encode() + "&" + addition, oidc::Repeats::note).value();
    return parse_authorization_request(form, client, kFeatures, samples::kNow);
  };
  // Where the answer goes must be beyond doubt.
  for (const char* addition :
       {"client_id=web", "client_id=evil", "redirect_uri=https%3A%2F%2Frp.test%2Fcb",
        "redirect_uri=https%3A%2F%2Fevil.test"}) {
    CAPTURE(addition);
    const auto parsed = twice(addition);
    REQUIRE_FALSE(parsed);
    CHECK(std::holds_alternative<PageError>(parsed.error()));
  }
  for (const char* addition : {"scope=openid", "response_type=code", "nonce=a&nonce=b",
                               "code_challenge_method=S256", "unknown=1&unknown=2"}) {
    CAPTURE(addition);
    const auto parsed = twice(addition);
    REQUIRE_FALSE(parsed);
    const auto& error = std::get<RedirectError>(parsed.error());
    CHECK(error.error.code == OAuthErrorCode::invalid_request);
    CHECK(error.state == "st");
  }
  // Of two states none is echoed.
  const auto parsed = twice("state=other");
  REQUIRE_FALSE(parsed);
  CHECK(std::get<RedirectError>(parsed.error()).state.empty());
}

TEST_CASE("Authorization request: response_type and response_mode") {
  for (const char* type : {"token", "id_token", "code token", "none", "code  id_token",
                           "token code", "code id_token", "CODE", "code ", " code"}) {
    CAPTURE(type);
    CHECK(code_of({{"response_type", type}}) == OAuthErrorCode::unsupported_response_type);
  }
  CHECK(code_of({{"response_type", "-"}}) == OAuthErrorCode::invalid_request);
  CHECK(code_of({{"response_type", ""}}) == OAuthErrorCode::invalid_request);
  for (const char* mode : {"query.jwt", "web_message", "QUERY"}) {
    CHECK(code_of({{"response_mode", mode}}) == OAuthErrorCode::invalid_request);
  }
  CHECK(parse(samples::web())->response_mode == ResponseMode::query);
  CHECK(parse(samples::web(), {{"response_mode", "fragment"}})->response_mode ==
        ResponseMode::fragment);
  CHECK(parse(samples::web(), {{"response_mode", "form_post"}})->response_mode ==
        ResponseMode::form_post);
  auto client = samples::web();
  client.grant_types = {"refresh_token"};
  CHECK(code_of({}, client) == OAuthErrorCode::unauthorized_client);
  client = samples::web();
  client.response_types.clear();
  CHECK(code_of({}, client) == OAuthErrorCode::unauthorized_client);
}

TEST_CASE("Authorization request: tokens through the browser, where they are allowed") {
  auto client = samples::web();
  client.grant_types = {"authorization_code", "implicit"};
  client.response_types = {"code", "id_token", "token id_token", "code id_token"};
  const auto ask = [&](Changes changes) {
    changes.emplace_back("code_challenge", "-");
    changes.emplace_back("code_challenge_method", "-");
    return parse_authorization_request(request_of(client, changes), client, kImplicit,
                                       samples::kNow);
  };
  const auto mode_of_error = [&](const Changes& changes) {
    const auto parsed = ask(changes);
    REQUIRE_FALSE(parsed);
    return std::get<RedirectError>(parsed.error()).response_mode;
  };
  // The words stand in any order (Multiple Response Type Encoding §3).
  for (const char* type : {"id_token token", "token id_token"}) {
    const auto parsed = ask({{"response_type", type}, {"nonce", "n"}});
    REQUIRE(parsed);
    CHECK(parsed->response_mode == ResponseMode::fragment);
    CHECK((parsed->response_type.token && parsed->response_type.id_token));
  }
  CHECK(ask({{"response_type", "id_token"}, {"nonce", "n"}, {"response_mode", "form_post"}})
            ->response_mode == ResponseMode::form_post);
  // Errors go where the answer would have gone.
  CHECK(mode_of_error({{"response_type", "id_token"}}) == ResponseMode::fragment);
  CHECK(mode_of_error({{"response_type", "id_token"}, {"response_mode", "form_post"}}) ==
        ResponseMode::form_post);
  CHECK(
      mode_of_error({{"response_type", "id_token"}, {"nonce", "n"}, {"response_mode", "query"}}) ==
      ResponseMode::fragment);
  // Not registered for it, or no words at all.
  CHECK_FALSE(ask({{"response_type", "code id_token token"}, {"nonce", "n"}}));
  CHECK_FALSE(ask({{"response_type", "token"}, {"nonce", "n"}}));
  CHECK_FALSE(ask({{"response_type", "id_token"}, {"nonce", "n"}, {"scope", "email"}}));
  client.grant_types = {"authorization_code"};
  CHECK_FALSE(ask({{"response_type", "id_token"}, {"nonce", "n"}}));
}

TEST_CASE("Authorization request: resource (RFC 8707)") {
  CHECK(parse(samples::web(), {{"resource", "https://api.test https://b.test/x"}})->resources ==
        kFeatures.resources);
  for (const char* other : {"https://api.test/", "https://evil.test", "x"}) {
    CHECK(code_of({{"resource", other}}) == OAuthErrorCode::invalid_target);
  }
}

TEST_CASE("Authorization request: an essential acr that is out of reach fails (Core §5.5.1.1)") {
  const char* strong = R"({"id_token":{"acr":{"essential":true,"values":["urn:x:gold"]}}})";
  const char* wish = R"({"id_token":{"acr":{"values":["urn:x:gold"]}}})";
  CHECK(code_of({{"claims", strong}}) == OAuthErrorCode::unmet_authentication_requirements);
  CHECK(parse(samples::web(), {{"claims", wish}}));
  CHECK(code_of({{"claims", "no JSON"}}) == OAuthErrorCode::invalid_request);
}

TEST_CASE("Authorization request: registration is for self-issued providers only") {
  CHECK(code_of({{"registration", "{}"}}) == OAuthErrorCode::registration_not_supported);
}

TEST_CASE("Authorization request: scope") {
  CHECK(parse(samples::web(), {{"scope", "openid  email "}})->scope() == "openid email");
  CHECK(parse(samples::web(), {{"scope", "email"}})->scope() == "email");
  for (const char* scope : {"-", "", " ", "unknown", "OPENID", "openid\temail", "openid\xc3\xa4"}) {
    CAPTURE(scope);
    CHECK(code_of({{"scope", scope}}) == OAuthErrorCode::invalid_scope);
  }
  CHECK(code_of({{"scope", "openid " + std::string(1018, 'x')}}) == OAuthErrorCode::invalid_scope);
  CHECK(parse(samples::web(), {{"scope", "openid " + std::string(1017, 'x')}}));

  auto narrow = samples::web();
  narrow.scope = "openid email";
  CHECK(parse(narrow, {{"scope", "openid email"}}));
  CHECK(code_of({{"scope", "openid phone"}}, narrow) == OAuthErrorCode::invalid_scope);
  CHECK(parse(narrow, {{"scope", "openid admin"}})->scope() == "openid");
}

TEST_CASE("Authorization request: offline_access needs the grant that would use it") {
  auto client = samples::web();
  client.grant_types = {"authorization_code"};
  CHECK(parse(client, {{"scope", "openid offline_access"}})->scope() == "openid");
  CHECK(code_of({{"scope", "offline_access"}}, client) == OAuthErrorCode::invalid_scope);
}

TEST_CASE("Authorization request: nonce") {
  CHECK(parse(samples::web(), {{"nonce", std::string(2048, 'n')}}));
  CHECK(code_of({{"nonce", std::string(2049, 'n')}}) == OAuthErrorCode::invalid_request);
}

TEST_CASE("Authorization request: PKCE is S256 or nothing") {
  const std::string challenge(samples::kChallenge);
  struct Row {
    const char* name;
    std::string challenge, method;
  };
  const Row rows[] = {
      {"plain", challenge, "plain"},
      {"no method means plain", challenge, "-"},
      {"lower case", challenge, "s256"},
      {"unknown", challenge, "S512"},
      {"a method alone", "-", "S256"},
      {"an empty challenge", "", "S256"},
      {"too short", challenge.substr(1), "S256"},
      {"too long", challenge + "A", "S256"},
      {"padding", challenge + "=", "S256"},
      {"standard alphabet", "+" + challenge.substr(1), "S256"},
      {"trailing bits", challenge.substr(0, 42) + "N", "S256"},
      {"a verifier of 64 letters", std::string(64, 'a'), "S256"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const Changes changes = {{"code_challenge", row.challenge},
                             {"code_challenge_method", row.method}};
    CHECK(code_of(changes) == OAuthErrorCode::invalid_request);
    CHECK(code_of(changes, samples::spa()) == OAuthErrorCode::invalid_request);
  }
}

TEST_CASE("Authorization request: who must use PKCE") {
  const Changes without = {{"code_challenge", "-"}, {"code_challenge_method", "-"}};
  CHECK(parse(samples::web(), without)->code_challenge.empty());
  auto strict = samples::web();
  strict.pkce_required = true;
  CHECK(code_of(without, strict) == OAuthErrorCode::invalid_request);
  // A public client must, whatever its row says.
  auto spa = samples::spa();
  spa.pkce_required = false;
  CHECK(code_of(without, spa) == OAuthErrorCode::invalid_request);
  const auto native = parse(samples::native(), without);
  REQUIRE_FALSE(native);
  CHECK(std::get<RedirectError>(native.error()).error.code == OAuthErrorCode::invalid_request);
}

TEST_CASE("Authorization request: prompt") {
  for (const char* prompt : {"none login", "login none", "none none", "create", "NONE", "login x",
                             "consent,login", "none\tlogin"}) {
    CAPTURE(prompt);
    CHECK(code_of({{"prompt", prompt}}) == OAuthErrorCode::invalid_request);
  }
  const auto all = parse(samples::web(), {{"prompt", "login consent  select_account login"}});
  REQUIRE(all);
  CHECK((all->prompt.login && all->prompt.consent && all->prompt.select_account));
  CHECK(parse(samples::web(), {{"prompt", "none"}})->prompt.none);
  CHECK_FALSE(parse(samples::web())->prompt.none);
}

TEST_CASE("Authorization request: max_age") {
  CHECK(parse(samples::web(), {{"max_age", "0"}})->max_age_s == 0);
  CHECK(parse(samples::web(), {{"max_age", "3153600000"}})->max_age_s == 3'153'600'000);
  CHECK_FALSE(parse(samples::web())->max_age_s);
  for (const char* text :
       {"-1", "+1", "1.5", "1e3", "x", "3153600001", "99999999999999999999", " 1", "0x10"}) {
    CAPTURE(text);
    CHECK(code_of({{"max_age", text}}) == OAuthErrorCode::invalid_request);
  }
  auto client = samples::web();
  client.default_max_age_s = 300;
  CHECK(parse(client)->max_age_s == 300);
  CHECK(parse(client, {{"max_age", "10"}})->max_age_s == 10);
  CHECK(parse(client, {{"max_age", "1000"}})->max_age_s == 1000);
}

TEST_CASE("Authorization request: hints are wishes, but bounded") {
  for (const auto& [name, most] :
       std::vector<std::pair<std::string, std::size_t>>{{"login_hint", 512},
                                                        {"id_token_hint", 4096},
                                                        {"acr_values", 1024},
                                                        {"ui_locales", 512},
                                                        {"display", 16}}) {
    CAPTURE(name);
    CHECK(parse(samples::web(), {{name, std::string(most, 'h')}}));
    CHECK(code_of({{name, std::string(most + 1, 'h')}}) == OAuthErrorCode::invalid_request);
  }
}

TEST_CASE("Authorization request: the first broken rule of the table decides") {
  // response_type stands before scope, scope before PKCE, PKCE before prompt.
  CHECK(code_of({{"response_type", "token"}, {"scope", "x"}, {"prompt", "x"}}) ==
        OAuthErrorCode::unsupported_response_type);
  CHECK(code_of({{"scope", "x"}, {"code_challenge_method", "plain"}}) ==
        OAuthErrorCode::invalid_scope);
  CHECK(refusal(samples::web(), {{"prompt", "x"}}).error.detail.find("prompt") !=
        std::string::npos);
}

TEST_CASE("Authorization request: each description is plain ASCII") {
  const Changes rows[] = {{{"scope", "\xc3\xa4\"\\"}},
                          {{"prompt", "\"\\"}},
                          {{"max_age", "\""}},
                          {{"response_type", "\\"}},
                          {{"response_mode", "\""}}};
  for (const auto& changes : rows) {
    for (unsigned char c : refusal(samples::web(), changes).error.description) {
      CHECK((c >= 0x20 && c < 0x7f && c != '"' && c != '\\'));
    }
  }
}

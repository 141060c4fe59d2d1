#include "oidc/interaction/next_step.h"

#include "tests/support/catch.h"
#include "tests/unit/oidc/model/samples.h"

using namespace oidc::interaction;
using oidc::OAuthError;
using oidc::OAuthErrorCode;
using oidc::model::Browser;
using oidc::model::Client;
using oidc::request::AuthorizationRequest;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr std::int64_t kAlice = 11, kBob = 12;
const oidc::TimePoint kStarted = samples::kNow - seconds(30);

oidc::model::SessionWithUser session_of(std::int64_t id, std::string user, std::string email,
                                        oidc::TimePoint auth_time) {
  oidc::model::SessionWithUser out;
  out.session.id = id;
  out.session.user_id = user;
  out.session.auth_time = auth_time;
  out.user = samples::person(std::move(user), std::move(email));
  return out;
}

AuthorizationRequest request_to(const Client& client, const std::string& uri) {
  return {.redirect_uri = oidc::request::validate_redirect_uri(client, uri, samples::kNow).value(),
          .client_id = client.client_id,
          .response_type = {.code = true},
          .scopes = {"openid", "email"}};
}

// What one row of the table varies. The rest is a first request of `web` by a person signed in an
// hour ago who allowed everything before.
struct Case {
  Client client = samples::web();
  std::string uri = "https://rp.test/cb";
  oidc::request::Prompt prompt = {};
  std::optional<std::int64_t> max_age_s = {};
  std::optional<seconds> signed_in_ago = hours(1);  // nothing: nobody is signed in
  std::string remembered = "openid email";
  bool consent_given = false;
  bool issuer_on_loopback = false;
  std::optional<std::string> hinted_user = {};
  std::string login_hint = {};
  std::optional<std::int64_t> session_id = {};

  // A word for the step.
  std::string step() const {
    auto request = request_to(client, uri);
    request.prompt = prompt;
    request.max_age_s = max_age_s;
    request.login_hint = login_hint;
    Browser browser;
    if (signed_in_ago) {
      browser.sessions = {
          session_of(kAlice, "u-alice", "alice@example.com", samples::kNow - *signed_in_ago)};
    }
    return word(next_step({.request = request,
                           .client = client,
                           .browser = signed_in_ago ? &browser : nullptr,
                           .started_at = kStarted,
                           .now = samples::kNow,
                           .issuer_on_loopback = issuer_on_loopback,
                           .session_id = session_id,
                           .hinted_user = hinted_user,
                           .remembered_scope = remembered,
                           .consent_given = consent_given}));
  }

  static std::string word(const NextStep& step) {
    if (const auto* sign_in = std::get_if<SignInStep>(&step)) {
      return sign_in->again ? "sign in again" : "sign in";
    }
    if (std::get_if<ChooseStep>(&step)) return "choose";
    if (const auto* consent = std::get_if<ConsentStep>(&step)) {
      return consent->confirm_only ? "confirm" : "consent";
    }
    if (std::get_if<IssueStep>(&step)) return "issue";
    return std::string(to_string(std::get<OAuthError>(step).code));
  }
};

Client first_party(Client client) {
  client.first_party = true;
  return client;
}

}  // namespace

TEST_CASE("next_step: the table") {
  struct Row {
    const char* name;
    Case situation;
    const char* expected;
  };
  const Row rows[] = {
      // Who is signed in.
      {"nobody", {.signed_in_ago = {}}, "sign in"},
      {"nobody, silent", {.prompt = {.none = true}, .signed_in_ago = {}}, "login_required"},
      {"signed in", {}, "issue"},
      {"signed in, silent", {.prompt = {.none = true}}, "issue"},

      // prompt=login wants a sign-in within this interaction, select_account a choice.
      {"prompt=login", {.prompt = {.login = true}}, "sign in again"},
      {"prompt=login, done", {.prompt = {.login = true}, .signed_in_ago = seconds(10)}, "issue"},
      {"prompt=login, at the very start",
       {.prompt = {.login = true}, .signed_in_ago = seconds(30)},
       "issue"},
      {"prompt=login, a moment too old",
       {.prompt = {.login = true}, .signed_in_ago = seconds(31)},
       "sign in again"},
      {"prompt=login, first party",
       {.client = first_party(samples::web()), .prompt = {.login = true}},
       "sign in again"},
      {"prompt=login, consent pressed with the old session",
       {.prompt = {.login = true}, .consent_given = true, .session_id = kAlice},
       "sign in again"},
      {"select_account", {.prompt = {.select_account = true}}, "choose"},
      {"select_account, nobody there",
       {.prompt = {.select_account = true}, .signed_in_ago = {}},
       "sign in"},
      {"select_account, chosen",
       {.prompt = {.select_account = true}, .session_id = kAlice},
       "issue"},
      {"select_account and login, chosen",
       {.prompt = {.login = true, .select_account = true}, .session_id = kAlice},
       "sign in again"},
      {"select_account, done",
       {.prompt = {.select_account = true}, .signed_in_ago = seconds(1)},
       "issue"},

      // max_age.
      {"max_age fits", {.max_age_s = 3600}, "issue"},
      {"max_age passed", {.max_age_s = 3599}, "sign in again"},
      {"max_age passed, silent", {.prompt = {.none = true}, .max_age_s = 60}, "login_required"},
      {"max_age=0 is like prompt=login",
       {.max_age_s = 0, .signed_in_ago = seconds(31)},
       "sign in again"},
      {"max_age=0, done", {.max_age_s = 0, .signed_in_ago = seconds(5)}, "issue"},
      {"max_age does not undo prompt=login",
       {.prompt = {.login = true}, .max_age_s = 7200},
       "sign in again"},

      // Consent.
      {"nothing remembered", {.remembered = ""}, "consent"},
      {"less remembered", {.remembered = "openid"}, "consent"},
      {"more remembered", {.remembered = "phone email profile openid"}, "issue"},
      {"a part of a word is no scope", {.remembered = "openid email2"}, "consent"},
      {"just given", {.remembered = "", .consent_given = true}, "issue"},
      {"nothing remembered, silent",
       {.prompt = {.none = true}, .remembered = ""},
       "consent_required"},
      {"prompt=consent asks again", {.prompt = {.consent = true}}, "consent"},
      {"prompt=consent, given", {.prompt = {.consent = true}, .consent_given = true}, "issue"},
      {"prompt=consent, first party",
       {.client = first_party(samples::web()), .prompt = {.consent = true}},
       "consent"},
      {"first party", {.client = first_party(samples::web()), .remembered = ""}, "issue"},
      {"first party, silent",
       {.client = first_party(samples::web()), .prompt = {.none = true}, .remembered = ""},
       "issue"},
      {"consent stands after sign-in",
       {.prompt = {.login = true}, .remembered = ""},
       "sign in again"},
      {"consent given, nobody there any more",
       {.signed_in_ago = {}, .consent_given = true},
       "sign in"},

      // RFC 8252 §8.6: a public client that any program may impersonate.
      {"public, https", {.client = samples::spa()}, "issue"},
      {"native", {.client = samples::native(), .uri = "com.ex.app:/cb"}, "confirm"},
      {"native, loopback",
       {.client = samples::native(), .uri = "http://127.0.0.1:5/cb"},
       "confirm"},
      {"native, first party",
       {.client = first_party(samples::native()), .uri = "com.ex.app:/cb"},
       "confirm"},
      {"native, silent",
       {.client = samples::native(), .uri = "com.ex.app:/cb", .prompt = {.none = true}},
       "interaction_required"},
      {"native, first party, silent",
       {.client = first_party(samples::native()),
        .uri = "http://[::1]:5/cb",
        .prompt = {.none = true}},
       "interaction_required"},
      {"native, nothing remembered",
       {.client = samples::native(), .uri = "com.ex.app:/cb", .remembered = ""},
       "consent"},
      {"native, nothing remembered, silent",
       {.client = samples::native(),
        .uri = "com.ex.app:/cb",
        .prompt = {.none = true},
        .remembered = ""},
       "consent_required"},
      {"native, confirmed",
       {.client = samples::native(), .uri = "com.ex.app:/cb", .consent_given = true},
       "issue"},
      {"native, the person has just typed the password",
       {.client = samples::native(), .uri = "com.ex.app:/cb", .signed_in_ago = seconds(3)},
       "issue"},
      {"native, the issuer is on loopback itself",
       {.client = samples::native(), .uri = "com.ex.app:/cb", .issuer_on_loopback = true},
       "issue"},

      // Hints.
      {"hinted account", {.hinted_user = "u-alice"}, "issue"},
      {"hint of somebody else", {.hinted_user = "u-bob"}, "sign in"},
      {"hint of somebody else, silent",
       {.prompt = {.none = true}, .hinted_user = "u-bob"},
       "login_required"},
      {"hint of somebody else, signed in as another",
       {.signed_in_ago = seconds(1), .hinted_user = "u-bob", .session_id = kAlice},
       "sign in again"},
      {"hint, another consented",
       {.consent_given = true, .hinted_user = "u-bob", .session_id = kAlice},
       "sign in again"},
      {"login_hint of nobody here", {.login_hint = "carol@example.com"}, "issue"},
      {"login_hint is no address", {.login_hint = "+49 30 5550100"}, "issue"},
      {"the chosen session has ended", {.session_id = 999}, "sign in"},
      {"the chosen session has ended, consent pressed",
       {.consent_given = true, .session_id = 999},
       "sign in"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(row.situation.step() == row.expected);
  }
}

TEST_CASE("next_step: what holds for every combination") {
  struct Target {
    Client client;
    const char* uri;
  };
  const Target targets[] = {{samples::web(), "https://rp.test/cb"},
                            {first_party(samples::web()), "https://rp.test/cb"},
                            {samples::spa(), "https://rp.test/cb"},
                            {samples::native(), "com.ex.app:/cb"},
                            {first_party(samples::native()), "http://127.0.0.1:7/cb"}};
  int seen = 0;
  for (const auto& target : targets) {
    for (const int prompts : {0, 1, 2, 4, 8, 6, 10, 12, 14}) {  // none stands alone
      for (const auto ago : {std::optional<seconds>(), std::optional<seconds>(seconds(5)),
                             std::optional<seconds>(hours(1))}) {
        for (const auto max_age : {std::optional<std::int64_t>(), std::optional<std::int64_t>(0),
                                   std::optional<std::int64_t>(86400)}) {
          for (const char* remembered : {"", "openid email"}) {
            for (const int flags : {0, 1, 2, 3}) {
              for (const char* hint : {"", "u-alice", "u-bob"}) {
                Case c{.client = target.client, .uri = target.uri};
                c.prompt = {(prompts & 1) != 0, (prompts & 2) != 0, (prompts & 4) != 0,
                            (prompts & 8) != 0};
                c.signed_in_ago = ago;
                c.max_age_s = max_age;
                c.remembered = remembered;
                c.consent_given = (flags & 1) != 0;
                c.issuer_on_loopback = (flags & 2) != 0;
                if (*hint) c.hinted_user = hint;
                const auto step = c.step();
                CAPTURE(target.client.client_id, target.client.first_party, prompts,
                        ago ? ago->count() : -1, max_age.value_or(-1), remembered, flags, hint,
                        step);
                ++seen;
                const bool fresh = ago == seconds(5);
                const bool page =
                    step.starts_with("sign in") || step == "choose" || step == "consent" ||
                    step == "confirm";
                if (c.prompt.none) CHECK_FALSE(page);
                if (!c.prompt.none) CHECK((page || step == "issue"));
                if (step == "issue" || step == "consent" || step == "confirm") {
                  // Somebody is there, and it is who the application named.
                  CHECK(ago.has_value());
                  CHECK(std::string_view(hint) != "u-bob");
                  if (c.prompt.login || c.prompt.select_account || max_age == 0) CHECK(fresh);
                }
                if (step == "issue" && !c.consent_given) {
                  CHECK_FALSE(c.prompt.consent);
                  CHECK((c.client.first_party || *remembered));
                  const bool native = std::string_view(target.uri) != "https://rp.test/cb";
                  if (native && !c.issuer_on_loopback) CHECK(fresh);
                }
                if (step == "confirm") CHECK(c.client.is_public());
              }
            }
          }
        }
      }
    }
  }
  CHECK(seen == 5 * 9 * 3 * 3 * 2 * 4 * 3);
}

TEST_CASE("pick_session: chosen, then hinted, then login_hint, then the latest") {
  const auto client = samples::web();
  auto request = request_to(client, "https://rp.test/cb");
  Browser browser;
  browser.sessions = {session_of(kBob, "u-bob", "bob@example.com", samples::kNow),
                      session_of(kAlice, "u-alice", "alice@example.com", samples::kNow - hours(2))};
  Situation s{.request = request, .client = client, .browser = &browser, .now = samples::kNow};
  CHECK(pick_session(s)->session.id == kBob);
  request.login_hint = " ALICE@example.com";
  CHECK(pick_session(s)->session.id == kAlice);
  request.login_hint = "carol@example.com";
  CHECK(pick_session(s)->session.id == kBob);
  s.hinted_user = "u-alice";
  CHECK(pick_session(s)->session.id == kAlice);
  s.hinted_user = "u-carol";
  CHECK(pick_session(s) == nullptr);
  s.session_id = kBob;
  CHECK(pick_session(s)->session.id == kBob);
  s.session_id = 999;
  CHECK(pick_session(s) == nullptr);
  s.browser = nullptr;
  CHECK(pick_session(s) == nullptr);
  browser.sessions.clear();
  CHECK(pick_session({.request = request, .client = client, .browser = &browser}) == nullptr);
}

TEST_CASE("next_step: the account of a page is the one that is issued for") {
  const auto client = samples::web();
  const auto request = request_to(client, "https://rp.test/cb");
  Browser browser;
  browser.sessions = {session_of(kBob, "u-bob", "bob@example.com", samples::kNow),
                      session_of(kAlice, "u-alice", "alice@example.com", samples::kNow - hours(2))};
  Situation s{.request = request, .client = client, .browser = &browser, .now = samples::kNow};
  s.session_id = kAlice;
  const auto shown = next_step(s);
  REQUIRE(std::holds_alternative<ConsentStep>(shown));
  CHECK(std::get<ConsentStep>(shown).account->session.id == kAlice);
  s.consent_given = true;
  const auto issued = next_step(s);
  REQUIRE(std::holds_alternative<IssueStep>(issued));
  CHECK(std::get<IssueStep>(issued).account->session.id == kAlice);
}

#include "tests/unit/server/page/samples_test.h"

namespace page_samples {

using namespace server::page;  // the views

namespace {

const ApplicationView kNotes{.name = "Acme Notes",
                             .host = "notes.acme.example",
                             .policy_uri = "https://acme.example/privacy",
                             .tos_uri = "https://acme.example/terms"};

Sample sign_in(std::string name, SignInView view) {
  return {std::move(name), [view](const Pages& pages) { return pages.sign_in(view); }};
}

Sample consent(std::string name, ConsentView view) {
  return {std::move(name), [view](const Pages& pages) { return pages.consent(view); }};
}

void add_sign_in(std::vector<Sample>& out, const Look& look) {
  SignInView view{
      .look = look, .t = "v1.k1.c2VhbGVk", .application = kNotes, .form_action = "https:"};
  out.push_back(sign_in("sign-in", view));
  SignInView both = view;
  both.link_action = "/m/send";
  both.reset_address = "/reset?t=v1";
  both.signup_address = "/signup?t=v1";
  out.push_back(sign_in("sign-in-both", both));
  both.with_password = false;
  out.push_back(sign_in("sign-in-link", both));
  view.application.policy_uri = view.application.tos_uri = "";
  view.email = "alice@example.com";
  view.event_id = "LK-7Q2M-X4TD";
  const std::pair<const char*, SignInNotice> notices[] = {
      {"wrong", SignInNotice::wrong_credentials},
      {"throttled", SignInNotice::throttled},
      {"busy", SignInNotice::busy},
      {"rebound", SignInNotice::rebound},
      {"again", SignInNotice::sign_in_again}};
  for (const auto& [name, notice] : notices) {
    SignInView with = view;
    with.notice = notice;
    with.retry_after_s = 271;
    if (notice != SignInNotice::wrong_credentials && notice != SignInNotice::throttled &&
        notice != SignInNotice::busy) {
      with.event_id.clear();
    }
    out.push_back(sign_in(std::string("sign-in-") + name, with));
  }
}

void add_consent(std::vector<Sample>& out, const Look& look) {
  ConsentView view{.look = look,
                   .t = "v1.k1.c2VhbGVk",
                   .application = kNotes,
                   .account_name = "Alice Liddell",
                   .account_email = "alice@example.com",
                   .items = {{"item_name", "Alice Liddell"},
                             {"item_email", "alice@example.com"},
                             {"item_phone", "", true}},
                   .offline_access = true,
                   .form_action = "https:"};
  out.push_back(consent("consent", view));
  ConsentView everything = view;
  everything.items = {{"item_profile", "Alice Liddell"},
                      {"item_email", "alice@example.com"},
                      {"item_address", "1 Example Street, 10115 Berlin, Germany"},
                      {"item_phone", "+49 30 1234567"}};
  out.push_back(consent("consent-everything", everything));
  ConsentView least = view;
  least.items = {};
  least.offline_access = false;
  out.push_back(consent("consent-least", least));
  ConsentView confirm{
      .look = look,
      .t = "v1.k1.c2VhbGVk",
      .application = {.name = "Acme Desktop", .host = "", .policy_uri = "", .tos_uri = ""},
      .account_name = "Alice Liddell",
      .account_email = "alice@example.com",
      .items = {},
      .confirm_only = true,
      .form_action = "com.example.acme:"};
  out.push_back(consent("consent-confirm", confirm));
}

void add_small(std::vector<Sample>& out, const Look& look) {
  out.push_back({"sign-out", [look](const Pages& pages) {
                   return pages.sign_out({.look = look,
                                          .t = "v1",
                                          .application_name = "Acme Notes",
                                          .account_email = "alice@example.com",
                                          .form_action = "https:"});
                 }});
  out.push_back({"sign-out-plain", [look](const Pages& pages) {
                   return pages.sign_out({.look = look,
                                          .t = "v1",
                                          .application_name = "",
                                          .account_email = "",
                                          .form_action = ""});
                 }});
  out.push_back({"signed-out", [look](const Pages& pages) {
                   return pages.signed_out({.look = look, .application_name = "Acme Notes"});
                 }});
  out.push_back({"form-post", [look](const Pages& pages) {
                   return pages.form_post({.look = look,
                                           .application_name = "Acme Notes",
                                           .action = "https://notes.acme.example/cb",
                                           .fields = {{"code", "c1"}},
                                           .form_action = "https:"});
                 }});
  FrontChannelLogoutView told{
      .look = look,
      .frames = {{"Acme Notes", "https://notes.acme.example/out?iss=a&sid=b",
                  "https://notes.acme.example"},
                 {"Acme Mail", "https://mail.acme.example:8443/out",
                  "https://mail.acme.example:8443"}},
      .application_name = "Acme Notes",
      .next = "https://notes.acme.example/bye?state=1"};
  out.push_back({"front-channel-logout",
                 [told](const Pages& pages) { return pages.front_channel_logout(told); }});
  told.next.clear();
  out.push_back({"front-channel-logout-stays",
                 [told](const Pages& pages) { return pages.front_channel_logout(told); }});
  out.push_back({"error-redirect", [look](const Pages& pages) {
                   return pages.error(
                       {.look = look,
                        .status = 400,
                        .title = "error_request",
                        .sentence = "The redirect_uri of the request is not registered for this "
                                    "application.",
                        .remedy = "error_request_remedy",
                        .values = {{"app_name", "Acme Notes"}},
                        .facts = {{"error_fact_application", "Acme Notes"},
                                  {"error_fact_address",
                                   "https://notes.acme.example:8443/oauth/callback?tenant=7"},
                                  {"Closest registered address",
                                   "https://notes.acme.example/oauth/callback"}},
                        .error = "invalid_request",
                        .event_id = "LK-7Q2M-X4TD"});
                 }});
  out.push_back({"error-plain", [look](const Pages& pages) {
                   return pages.error({.look = look,
                                       .status = 503,
                                       .title = "error_moment",
                                       .sentence = "error_503_sentence",
                                       .remedy = "",
                                       .facts = {},
                                       .error = "",
                                       .event_id = "LK-7Q2M-X4TD"});
                 }});
  out.push_back({"error-missing", [look](const Pages& pages) {
                   return pages.error({.look = look,
                                       .status = 404,
                                       .title = "error_404",
                                       .sentence = "error_404_sentence",
                                       .remedy = "error_go_back",
                                       .facts = {},
                                       .error = "",
                                       .event_id = "LK-7Q2M-X4TD"});
                 }});
  out.push_back({"home-dev", [look](const Pages& pages) {
                   return pages.home({.look = look,
                                      .issuer = "http://localhost:8080",
                                      .dev = true,
                                      .seeded = {"alice@example.com", "wonderland-42"}});
                 }});
  out.push_back({"home", [look](const Pages& pages) {
                   return pages.home(
                       {.look = look, .issuer = "https://id.acme.example", .seeded = {}});
                 }});
}

void add_demo(std::vector<Sample>& out) {
  DemoView view;
  view.seeded = {"alice@example.com", "wonderland-42"};
  out.push_back({"demo", [view](const Pages& pages) { return pages.demo(view); }});
  view.signed_in = true;
  view.name = "Alice Liddell";
  view.email = "alice@example.com";
  view.claims = {{"email", "alice@example.com"},
                 {"email_verified", "true"},
                 {"family_name", "Liddell"},
                 {"given_name", "Alice"},
                 {"locale", "en"},
                 {"name", "Alice Liddell"},
                 {"sub", "p_4b7wq2xk9s3m6f8h1d5t0c"},
                 {"updated_at", "1763726000"},
                 {"acr", "1"},
                 {"amr", "[\"pwd\"]"},
                 {"at_hash", "77QmUPtjPfzWtF2AnpK9RQ"},
                 {"aud", "demo"},
                 {"auth_time", "1763726395"},
                 {"exp", "1763727300"},
                 {"iat", "1763726400"},
                 {"iss", "http://localhost:8080"},
                 {"nonce", "n-0S6_WzA2MjE4NjQ3MTk0ODc2MTk4NzI2MTk4Mg"},
                 {"sid", "s_0c5t1d8h6f3m9s2k"},
                 {"email", "alice@example.com"}};
  view.token_facts = {{"Scope", "openid profile email offline_access"},
                      {"Access token ends", "1763727300 (Unix seconds)"},
                      {"Refresh token", "yes"}};
  view.csrf = "c1";
  view.notice = "The tokens were refreshed.";
  view.has_refresh_token = true;
  view.issuer_origin = "http://localhost:8080";
  out.push_back({"demo-signed-in", [view](const Pages& pages) { return pages.demo(view); }});
}

}  // namespace

std::vector<Sample> ordinary(const Look& look) {
  std::vector<Sample> out;
  add_sign_in(out, look);
  add_consent(out, look);
  add_small(out, look);
  add_demo(out);
  for (Sample& sample : ordinary_people(look)) out.push_back(std::move(sample));
  return out;
}

namespace {

Look look_of(const std::string& v) {
  return {.language = "en", .stylesheet = v, .logo = v, .support_email = v, .support_url = v};
}

}  // namespace

std::vector<Sample> filled_with(const std::string& v) {
  const ApplicationView application{v, v, v, v};
  std::vector<Sample> out;
  for (const SignInNotice notice :
       {SignInNotice::none, SignInNotice::wrong_credentials, SignInNotice::throttled,
        SignInNotice::busy, SignInNotice::rebound, SignInNotice::sign_in_again}) {
    out.push_back(
        sign_in("sign-in", {look_of(v), v, application, v, notice, 60, v, v, true, "", v, v}));
  }
  for (const bool flag : {false, true}) {
    out.push_back(
        consent("consent", {look_of(v), v, application, v, v, {{v, v}, {v, v}}, flag, !flag, v}));
    out.push_back({"home", [v, flag](const Pages& pages) {
                     return pages.home({look_of(v), v, flag, {v, v}});
                   }});
    DemoView demo{flag, v, v, {{v, v}}, {{v, v}}, v, v, flag, v, {v, v}};
    out.push_back({"demo", [demo](const Pages& pages) { return pages.demo(demo); }});
  }
  out.push_back(
      {"sign-out", [v](const Pages& pages) { return pages.sign_out({look_of(v), v, v, v, v}); }});
  for (const bool goes_on : {true, false}) {
    FrontChannelLogoutView view{look_of(v), {{v, v, v}, {v, v, v}}, v, goes_on ? v : ""};
    out.push_back({"front-channel-logout",
                   [view](const Pages& pages) { return pages.front_channel_logout(view); }});
  }
  out.push_back(
      {"signed-out", [v](const Pages& pages) { return pages.signed_out({look_of(v), v}); }});
  out.push_back({"error", [v](const Pages& pages) {
                   return pages.error({look_of(v), 400, v, v, v, {{v, v}}, {{v, v}}, v, v});
                 }});
  for (Sample& sample : people_filled_with(look_of(v), v)) out.push_back(std::move(sample));
  return out;
}

}  // namespace page_samples

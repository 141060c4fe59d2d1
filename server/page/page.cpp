#include "server/page/page.h"

#include <algorithm>
#include <array>

#include "server/page/display.h"
#include "server/page/static_files.h"
#include "server/page/template_set.h"

namespace server::page {
namespace {

struct NoticeText {
  bool is_error = false;
  std::string sentence;
  std::string advice;
};

NoticeText notice_text(const SignInView& view, const std::string& application) {
  switch (view.notice) {
    case SignInNotice::none:
      return {};
    case SignInNotice::wrong_credentials:
      return {true, "That e-mail address and password don’t match.", "Check both and try again."};
    case SignInNotice::throttled:
      return {true, "There were too many attempts, so signing in is paused.",
              "Try again in " + waiting_time(view.retry_after_s) + "."};
    case SignInNotice::busy:
      return {true, "Many people are signing in right now.",
              "Nothing is wrong with your password. Wait a moment and try again."};
    case SignInNotice::rebound:
      return {false, "Please sign in once more.",
              "Your browser sent the form without its cookie, so nothing was done. If this keeps "
              "happening, allow cookies for this site."};
    case SignInNotice::sign_in_again:
      return {false, "Please confirm that it is you.",
              "A fresh sign-in is needed before " + application + " continues."};
    case SignInNotice::page_expired:
      return {false, "This sign-in request has expired.",
              "Go back to " + application + " and start again from there."};
  }
  return {};
}

std::string shown_application(const std::string& name) {
  std::string shown = display_name(name);
  return shown.empty() ? "the application" : shown;
}

void put_application(Fields& fields, const ApplicationView& application) {
  const std::string_view policy = https_link(application.policy_uri);
  const std::string_view tos = https_link(application.tos_uri);
  fields.text("app_name", shown_application(application.name))
      .text("app_initial", initial(application.name))
      .text("app_host", application.host)
      .text("policy_uri", policy)
      .text("tos_uri", tos)
      .text("logo", application.logo)
      .flag("unverified", application.unverified)
      .flag("has_links", !policy.empty() || !tos.empty());
}

void put_seeded(Fields& fields, const SeededPerson& person) {
  fields.flag("has_seeded", !person.email.empty() && !person.password.empty())
      .text("seeded_email", person.email)
      .text("seeded_password", person.password);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::vector<Fields> pair_rows(const Pairs& pairs) {
  std::vector<Fields> rows;
  for (const auto& [name, value] : pairs) {
    // A row without a name would be a heading that screen readers can't read out.
    rows.push_back(
        Fields().text("row_name", name.empty() ? "(no name)" : name).text("row_value", value));
  }
  return rows;
}

constexpr std::array<std::string_view, 15> kProtocolClaims = {
    "iss", "aud", "azp", "exp",     "iat",    "nbf",    "auth_time", "nonce",
    "acr", "amr", "sid", "at_hash", "c_hash", "s_hash", "jti"};
constexpr std::array<std::string_view, 5> kTimes = {"exp", "iat", "nbf", "auth_time", "updated_at"};
// What people look for first; the rest follows as it came, and what only programs read comes last.
constexpr std::array<std::string_view, 7> kFirstClaims = {
    "name",  "given_name",     "family_name", "preferred_username",
    "email", "email_verified", "phone_number"};

bool contains(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::size_t claim_rank(std::string_view name) {
  if (name == "updated_at") return kFirstClaims.size() + 1;
  if (name == "sub") return kFirstClaims.size() + 2;
  return static_cast<std::size_t>(std::ranges::find(kFirstClaims, name) - kFirstClaims.begin());
}

// Rows whose seconds since 1970 also say in words which time that is, in place of a unit.
std::vector<Fields> timed_rows(const Pairs& pairs) {
  constexpr std::string_view kUnit = " (Unix seconds)";
  Pairs shown = pairs;
  std::vector<std::string> times;
  for (auto& [name, value] : shown) {
    const bool with_unit = value.ends_with(kUnit);
    const std::string seconds = with_unit ? value.substr(0, value.size() - kUnit.size()) : value;
    times.push_back(with_unit || contains(kTimes, name) ? utc_time(seconds) : std::string());
    if (!times.back().empty()) value = seconds;
  }
  std::vector<Fields> rows = pair_rows(shown);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].text("row_time", times[i]);
  return rows;
}

// Each claim once, about the person or about the sign-in.
void put_details(Fields& fields, const Pairs& claims, const Pairs& token_facts) {
  const auto rank = [](const auto& claim) { return claim_rank(claim.first); };
  Pairs person;
  Pairs protocol;
  for (const auto& claim : claims) {
    Pairs& list = contains(kProtocolClaims, claim.first) ? protocol : person;
    if (std::ranges::find(list, claim) != list.end()) continue;
    const auto place =
        &list == &protocol ? list.end() : std::ranges::upper_bound(list, rank(claim), {}, rank);
    list.insert(place, claim);
  }
  fields.flag("has_claims", !person.empty())
      .rows("claims", timed_rows(person))
      .flag("has_protocol_claims", !protocol.empty())
      .rows("protocol_claims", timed_rows(protocol))
      .flag("has_token_facts", !token_facts.empty())
      .rows("token_facts", timed_rows(token_facts))
      .flag("has_details", !protocol.empty() || !token_facts.empty());
}

// "id.example.com:8443/tenant" of an issuer: it is shown to people, so without its scheme.
std::string_view without_scheme(std::string_view issuer) {
  const std::size_t at = issuer.find("://");
  return at == std::string_view::npos ? issuer : issuer.substr(at + 3);
}

}  // namespace

struct Pages::Frame {
  std::string_view template_name;
  std::string title;                  // the state first, then the page, then the service
  std::string_view form_action = {};  // a further source, or nothing
  std::string_view script = {};       // a file of static/, or nothing
  std::string_view refresh = {};      // where to go on to without script, or nothing
  std::vector<std::string> frame_sources = {};
};

Pages::Pages(Brand brand) : brand_(std::move(brand)) {
  brand_.service_name = display_name(brand_.service_name, 60);
  check_templates();
}

http::Response Pages::respond(int status, const Frame& frame, Fields fields) const {
  fields.text("title", frame.title + " – " + brand_.service_name)
      .text("service", brand_.service_name)
      .text("style", static_address("style.css"))
      .text("icon", static_address("icon.svg"))
      .text("refresh", frame.refresh)
      .text("script", frame.script.empty() ? std::string() : static_address(frame.script));
  http::Response response = http::Response::html(status, render(frame.template_name, fields));
  std::string policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src ";
  policy += frame.script.empty() ? "'none'" : "'self'";
  policy += "; form-action 'self'";
  if (is_policy_source(frame.form_action)) policy.append(" ").append(frame.form_action);
  std::string sources;
  for (const std::string& source : frame.frame_sources) {
    if (is_policy_source(source)) sources.append(" ").append(source);
  }
  if (!sources.empty()) policy.append("; frame-src").append(sources);
  policy += "; frame-ancestors 'none'; base-uri 'none'";
  response.set("Content-Security-Policy", std::move(policy))
      .set("Cache-Control", "no-store")
      .set("X-Frame-Options", "DENY")  // for browsers that don't know frame-ancestors
      .set("X-Content-Type-Options", "nosniff")
      // With no-referrer Chromium would send `Origin: null` on our own forms.
      .set("Referrer-Policy", "same-origin");
  return response;
}

http::Response Pages::sign_in(const SignInView& view, int status) const {
  const std::string application = shown_application(view.application.name);
  const NoticeText notice = notice_text(view, application);
  const bool wrong = view.notice == SignInNotice::wrong_credentials;
  Fields fields;
  put_application(fields, view.application);
  fields.text("t", view.t)
      .text("email", view.email)
      .flag("focus_email", view.email.empty())
      .flag("wrong", wrong)
      .text("notice", notice.sentence)
      .text("notice_advice", notice.advice)
      .flag("notice_is_error", notice.is_error)
      .flag("with_form", view.notice != SignInNotice::page_expired || !view.t.empty())
      .text("event_id", view.event_id);
  http::Response response =
      respond(status,
              {.template_name = "sign_in",
               .title = (notice.is_error ? "Error: Sign in to " : "Sign in to ") + application,
               .form_action = view.form_action,
               .script = "page.js"},
              std::move(fields));
  if (view.notice == SignInNotice::throttled && view.retry_after_s > 0) {
    response.set("Retry-After", std::to_string(view.retry_after_s));
  }
  return response;
}

http::Response Pages::consent(const ConsentView& view, int status) const {
  const std::string application = shown_application(view.application.name);
  const std::string name = display_name(view.account_name);
  const std::string& first = name.empty() ? view.account_email : name;
  std::vector<Fields> items;
  for (const ConsentItem& item : view.items) {
    if (item.title.empty()) continue;
    items.push_back(Fields().text("item_title", item.title).text("item_detail", item.detail));
  }
  const bool no_items = items.empty();
  Fields fields;
  put_application(fields, view.application);
  fields.text("t", view.t)
      .text("account_initial", initial(first))
      .text("account_first", first)
      .text("account_second", name.empty() ? std::string() : view.account_email)
      .flag("has_items", !view.confirm_only && (!no_items || view.offline_access))
      .rows("items", std::move(items))
      .flag("offline_access", view.offline_access)
      .flag("nothing_but_sign_in", !view.confirm_only && no_items && !view.offline_access)
      .flag("confirm_only", view.confirm_only);
  const std::string title = view.confirm_only ? "Continue to " + application + "?"
                                              : "Allow " + application + " to use your account?";
  return respond(status,
                 {.template_name = "consent",
                  .title = title,
                  .form_action = view.form_action,
                  .script = "page.js"},
                 std::move(fields));
}

http::Response Pages::form_post(const FormPostView& view) const {
  const std::string application = shown_application(view.application_name);
  std::vector<Fields> rows;
  for (const auto& [name, value] : view.fields) {
    rows.push_back(Fields().text("field_name", name).text("field_value", value));
  }
  Fields fields;
  fields.text("app_name", application).text("action", view.action).rows("fields", std::move(rows));
  return respond(200,
                 {.template_name = "form_post",
                  .title = "Continue to " + application,
                  .form_action = view.form_action,
                  .script = "form_post.js"},
                 std::move(fields));
}

http::Response Pages::sign_out(const SignOutView& view, int status) const {
  Fields fields;
  fields.text("t", view.t)
      .text("app_name", display_name(view.application_name))
      .text("account_email", view.account_email);
  return respond(
      status, {.template_name = "sign_out", .title = "Sign out?", .form_action = view.form_action},
      std::move(fields));
}

http::Response Pages::signed_out(const SignedOutView& view) const {
  Fields fields;
  fields.text("app_name", display_name(view.application_name));
  return respond(200, {.template_name = "signed_out", .title = "You are signed out"},
                 std::move(fields));
}

http::Response Pages::front_channel_logout(const FrontChannelLogoutView& view) const {
  std::vector<Fields> rows;
  std::vector<std::string> sources;
  for (const LogoutFrame& frame : view.frames) {
    rows.push_back(Fields()
                       .text("frame_name", shown_application(frame.application_name))
                       .text("frame_uri", frame.uri));
    if (std::ranges::find(sources, frame.origin) == sources.end()) sources.push_back(frame.origin);
  }
  Fields fields;
  fields.text("app_name", display_name(view.application_name))
      .text("next", view.next)
      .rows("frames", std::move(rows));
  return respond(200,
                 {.template_name = "front_channel_logout",
                  .title = "You are signed out",
                  .script = view.next.empty() ? "" : "front_channel_logout.js",
                  .refresh = view.next,
                  .frame_sources = std::move(sources)},
                 std::move(fields));
}

http::Response Pages::check_session() const {
  Fields fields;
  fields.text("title", brand_.service_name).text("script", static_address("check_session.js"));
  http::Response response = http::Response::html(200, render("check_session", fields));
  response
      .set("Content-Security-Policy",
           "default-src 'none'; script-src 'self'; frame-ancestors *; base-uri 'none'")
      .set("Cache-Control", "no-store")
      .set("X-Content-Type-Options", "nosniff")
      .set("Referrer-Policy", "same-origin")
      // Also for pages that let in only what agrees to it (Cross-Origin-Embedder-Policy).
      .set("Cross-Origin-Resource-Policy", "cross-origin");
  return response;
}

http::Response Pages::error(const ErrorView& view) const {
  const std::string heading = view.title.empty() ? "Something went wrong" : view.title;
  // People need to know what to do; why it happened is for those who can mend it.
  const bool has_facts = !view.facts.empty() || !view.error.empty();
  const bool has_remedy = !view.remedy.empty();
  Fields fields;
  fields.text("heading", heading)
      .text("lead", has_remedy ? view.remedy : view.sentence)
      .text("aside", has_remedy && !has_facts ? view.sentence : std::string())
      .text("reason", has_remedy && has_facts ? view.sentence : std::string())
      .flag("has_facts", has_facts)
      .rows("facts", pair_rows(view.facts))
      .text("error", view.error)
      .text("event_id", view.event_id);
  return respond(view.status, {.template_name = "error", .title = "Error: " + heading},
                 std::move(fields));
}

http::Response Pages::home(const HomeView& view) const {
  Fields fields;
  fields.text("issuer", view.issuer)
      .text("host", without_scheme(view.issuer))
      .flag("dev", view.dev)
      .flag("names_service", true);
  put_seeded(fields, view.dev ? view.seeded : SeededPerson{});
  return respond(200, {.template_name = "home", .title = view.dev ? "Development server" : "Home"},
                 std::move(fields));
}

http::Response Pages::demo(const DemoView& view) const {
  const std::string name = display_name(view.name);
  const std::string& first = name.empty() ? view.email : name;
  Fields fields;
  fields.flag("signed_in", view.signed_in)
      .text("account_initial", initial(first))
      .text("account_first", first)
      .text("account_second", name.empty() ? std::string() : view.email)
      .text("csrf", view.csrf)
      .text("notice", view.notice)
      .flag("has_refresh_token", view.has_refresh_token);
  put_details(fields, view.claims, view.token_facts);
  put_seeded(fields, view.signed_in ? SeededPerson{} : view.seeded);
  return respond(200,
                 {.template_name = "demo",
                  .title = view.signed_in ? "Signed in: Demo application" : "Demo application",
                  .form_action = view.issuer_origin},
                 std::move(fields));
}

http::Response Pages::static_file(std::string_view path) const {
  const std::optional<StaticFile> file = find_static(path);
  if (!file) return http::Response::text(404, "There is no such file.\n");
  http::Response response(200);
  response.body = file->contents;
  response.set("Content-Type", std::string(file->media_type))
      .set("Cache-Control", "public, max-age=31536000, immutable")
      .set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
      .set("X-Content-Type-Options", "nosniff");
  return response;
}

}  // namespace server::page

#include "server/page/page.h"

#include <algorithm>

#include "server/page/display.h"
#include "server/page/frame.h"
#include "server/page/library.h"
#include "server/page/parts.h"
#include "server/page/static_files.h"
#include "server/page/template_set.h"

namespace server::page {
namespace {

Notice notice_of(const SignInView& view, const std::string& application) {
  const auto said = [&](const std::string& key, bool is_error) {
    const std::string& language = view.look.language;
    return Notice{
        text(language, key),
        text(language, key + "_advice",
             {{"app_name", application}, {"time", waiting_time(language, view.retry_after_s)}}),
        is_error, view.event_id, "login-notice"};
  };
  switch (view.notice) {
    case SignInNotice::none:
      return {};
    case SignInNotice::wrong_credentials:
      return said("login_wrong", true);
    case SignInNotice::throttled:
      return said("login_throttled", true);
    case SignInNotice::busy:
      return said("login_busy", true);
    case SignInNotice::rebound:
      return said("login_rebound", false);
    case SignInNotice::sign_in_again:
      return said("login_again", false);
    case SignInNotice::bad_address:
      return said("login_bad_address", true);
    case SignInNotice::password_changed:
      return said("login_password_changed", false);
  }
  return {};
}

// "id.example.com:8443/tenant" of an issuer: it is shown to people, so without its scheme.
std::string_view without_scheme(std::string_view issuer) {
  const std::size_t at = issuer.find("://");
  return at == std::string_view::npos ? issuer : issuer.substr(at + 3);
}

// A path of our own server, or nothing.
std::string_view own_path(std::string_view path) {
  return path.starts_with('/') && !path.starts_with("//") ? path : std::string_view();
}

// What can stand in a mailto: address as it is (RFC 6068 §2), or nothing.
std::string_view mail_address(std::string_view address) {
  constexpr std::string_view kOther = "@.!$'*+-/^_`|~";
  const bool sound = std::ranges::all_of(address, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  });
  return sound && address.find('@') != std::string_view::npos ? address : std::string_view();
}

void put_look(Fields& fields, const Look& look, const std::string& language,
              const std::string& service) {
  const std::string_view email = mail_address(look.support_email);
  const std::string_view url = https_link(look.support_url);
  const std::string name = display_name(look.name, 60);
  fields.text("lang", language)
      .text("dir", is_right_to_left(language) ? "rtl" : "ltr")
      .text("service", name.empty() ? service : name)
      .text("brand_style", own_path(look.stylesheet))
      .text("brand_logo", own_path(look.logo))
      // Our mark beside somebody else's name would be two brands at once.
      .flag("own_mark", look.name.empty() && own_path(look.logo).empty())
      .text("support_email", email)
      .text("support_url", url)
      .flag("has_support", !email.empty() || !url.empty());
}

// Names in the letters of the page; what has to be compared letter by letter in those of code.
std::vector<Fields> fact_rows(std::string_view language,
                              const std::vector<std::pair<std::string, std::string>>& facts) {
  std::vector<Fields> rows = pair_rows(language, facts);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].flag("is_name", facts[i].first.ends_with("_application"));
  }
  return rows;
}

std::string policy_of(const Frame& frame) {
  std::string policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src ";
  policy += frame.script.empty() ? "'none'" : "'self'";
  if (frame.poll) policy += "; connect-src 'self'";
  policy += "; form-action 'self'";
  if (is_policy_source(frame.form_action)) policy.append(" ").append(frame.form_action);
  std::string sources;
  for (const std::string& source : frame.frame_sources) {
    if (is_policy_source(source)) sources.append(" ").append(source);
  }
  if (!sources.empty()) policy.append("; frame-src").append(sources);
  return policy + "; frame-ancestors 'none'; base-uri 'none'";
}

}  // namespace

Pages::Pages(Brand brand, const std::filesystem::path& templates_dir) : brand_(std::move(brand)) {
  brand_.service_name = display_name(brand_.service_name, 60);
  load_library(templates_dir);
  // What is compiled in is read by the tests; here it would make every start twice as long.
  if (!templates_dir.empty()) check_templates();
}

http::Response Pages::respond(int status, const Frame& frame, Fields fields,
                              const Look& look) const {
  const auto& known = languages();
  const bool is_known = std::ranges::find(known, look.language) != known.end();
  const std::string language = is_known ? look.language : "en";
  const std::string name = display_name(look.name, 60);
  std::string title = frame.title;
  if (frame.is_error) title = text(language, "common_error_prefix", {{"title", title}});
  put_look(fields, look, language, brand_.service_name);
  fields.text("title", title + " – " + (name.empty() ? brand_.service_name : name))
      .text("style", static_address("style.css"))
      .text("icon", static_address("icon.svg"))
      .text("refresh", frame.refresh)
      .text("script", frame.script.empty() ? std::string() : static_address(frame.script));
  http::Response response =
      http::Response::html(status, render(language, frame.template_name, fields));
  response.set("Content-Security-Policy", policy_of(frame))
      .set("Content-Language", language)
      .set("Cache-Control", "no-store")
      .set("X-Frame-Options", "DENY")  // for browsers that don't know frame-ancestors
      .set("X-Content-Type-Options", "nosniff")
      // With no-referrer Chromium would send `Origin: null` on our own forms.
      .set("Referrer-Policy", "same-origin");
  return response;
}

http::Response Pages::sign_in(const SignInView& view, int status) const {
  const std::string& language = view.look.language;
  const std::string application = shown_application(language, view.application.name);
  const Notice notice = notice_of(view, application);
  const std::string_view link_action = own_path(view.link_action);
  const bool with_link = !link_action.empty();
  Fields fields;
  put_application(fields, language, view.application);
  put_notice(fields, notice);
  fields.text("t", view.t)
      .text("email", view.email)
      .flag("focus_email", view.email.empty() || view.notice == SignInNotice::bad_address)
      .flag("wrong", view.notice == SignInNotice::wrong_credentials)
      .flag("wrong_email", view.notice == SignInNotice::wrong_credentials ||
                               view.notice == SignInNotice::bad_address)
      .flag("with_password", view.with_password || !with_link)
      .flag("with_both", view.with_password && with_link)
      .text("link_action", link_action)
      .text("reset_address", own_path(view.reset_address))
      .text("signup_address", own_path(view.signup_address));
  http::Response response =
      respond(status,
              {.template_name = "sign_in",
               .title = text(language, "login_window", {{"app_name", application}}),
               .is_error = notice.is_error,
               .form_action = view.form_action,
               .script = "page.js"},
              std::move(fields), view.look);
  if (view.notice == SignInNotice::throttled && view.retry_after_s > 0) {
    response.set("Retry-After", std::to_string(view.retry_after_s));
  }
  return response;
}

http::Response Pages::consent(const ConsentView& view, int status) const {
  const std::string& language = view.look.language;
  const std::string application = shown_application(language, view.application.name);
  std::vector<Fields> items;
  for (const ConsentItem& item : view.items) {
    if (item.title.empty()) continue;
    items.push_back(Fields()
                        .text("item_title", text(language, item.title))
                        .text("item_detail",
                              item.nothing_yet ? text(language, "item_nothing_yet") : item.detail));
  }
  const bool no_items = items.empty();
  Fields fields;
  put_application(fields, language, view.application);
  put_account(fields, view.account_name, view.account_email);
  fields.text("t", view.t)
      .flag("has_items", !view.confirm_only && (!no_items || view.offline_access))
      .rows("items", std::move(items))
      .flag("offline_access", view.offline_access)
      .flag("nothing_but_sign_in", !view.confirm_only && no_items && !view.offline_access)
      .flag("confirm_only", view.confirm_only);
  return respond(
      status,
      {.template_name = "consent",
       .title = text(language, view.confirm_only ? "consent_title_confirm" : "consent_title",
                     {{"app_name", application}}),
       .form_action = view.form_action,
       .script = "page.js"},
      std::move(fields), view.look);
}

http::Response Pages::form_post(const FormPostView& view) const {
  const std::string& language = view.look.language;
  const std::string application = shown_application(language, view.application_name);
  std::vector<Fields> rows;
  rows.reserve(view.fields.size());
  for (const auto& [name, value] : view.fields) {
    rows.push_back(Fields().text("field_name", name).text("field_value", value));
  }
  Fields fields;
  fields.text("app_name", application)
      .text("app_initial", initial(application))
      .text("action", view.action)
      .rows("fields", std::move(rows));
  return respond(200,
                 {.template_name = "form_post",
                  .title = text(language, "form_post_title", {{"app_name", application}}),
                  .form_action = view.form_action,
                  .script = "form_post.js"},
                 std::move(fields), view.look);
}

http::Response Pages::sign_out(const SignOutView& view, int status) const {
  Fields fields;
  fields.text("t", view.t)
      .text("app_name", display_name(view.application_name))
      .text("account_email", view.account_email);
  return respond(status,
                 {.template_name = "sign_out",
                  .title = text(view.look.language, "logout_title"),
                  .form_action = view.form_action},
                 std::move(fields), view.look);
}

http::Response Pages::signed_out(const SignedOutView& view) const {
  Fields fields;
  fields.text("app_name", display_name(view.application_name));
  return respond(200,
                 {.template_name = "signed_out", .title = text(view.look.language, "logout_done")},
                 std::move(fields), view.look);
}

http::Response Pages::front_channel_logout(const FrontChannelLogoutView& view) const {
  const std::string& language = view.look.language;
  std::vector<Fields> rows;
  std::vector<std::string> sources;
  rows.reserve(view.frames.size());
  for (const LogoutFrame& frame : view.frames) {
    rows.push_back(Fields()
                       .text("frame_name", shown_application(language, frame.application_name))
                       .text("frame_uri", frame.uri));
    if (std::ranges::find(sources, frame.origin) == sources.end()) sources.push_back(frame.origin);
  }
  Fields fields;
  fields.text("app_name", display_name(view.application_name))
      .text("next", view.next)
      .rows("frames", std::move(rows));
  return respond(200,
                 {.template_name = "front_channel_logout",
                  .title = text(language, "logout_done"),
                  .script = view.next.empty() ? "" : "front_channel_logout.js",
                  .refresh = view.next,
                  .frame_sources = std::move(sources)},
                 std::move(fields), view.look);
}

http::Response Pages::check_session() const {
  Fields fields;
  fields.text("title", brand_.service_name).text("script", static_address("check_session.js"));
  http::Response response = http::Response::html(200, render("en", "check_session", fields));
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
  const std::string& language = view.look.language;
  const auto said = [&](const std::string& key) { return text(language, key, view.values); };
  const std::string heading = said(view.title.empty() ? "error_title" : view.title);
  const std::string sentence = said(view.sentence);
  // People need to know what to do; why it happened is for those who can mend it.
  const bool has_facts = !view.facts.empty() || !view.error.empty();
  const bool has_remedy = !view.remedy.empty();
  Fields fields;
  fields.text("heading", heading)
      .text("lead", has_remedy ? said(view.remedy) : sentence)
      .text("aside", has_remedy && !has_facts ? sentence : std::string())
      .text("reason", has_remedy && has_facts ? sentence : std::string())
      .text("address", view.address)
      .flag("has_facts", has_facts)
      .rows("facts", fact_rows(language, view.facts))
      .text("error", view.error)
      .text("event_id", view.event_id);
  return respond(view.status, {.template_name = "error", .title = heading, .is_error = true},
                 std::move(fields), view.look);
}

http::Response Pages::home(const HomeView& view) const {
  // That of the development server is for developers, like its demo.
  const Look look = view.dev ? Look() : view.look;
  Fields fields;
  fields.text("issuer", view.issuer)
      .text("host", without_scheme(view.issuer))
      .flag("dev", view.dev)
      .flag("names_service", true);
  put_seeded(fields, view.dev ? view.seeded : SeededPerson{});
  return respond(200,
                 {.template_name = "home",
                  .title = view.dev ? "Development server" : text(look.language, "home_window")},
                 std::move(fields), look);
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

// Owns: the pages people see, one view struct each, rendered with Mustache from templates/ with the
// page's own Content-Security-Policy. Complete without JavaScript. Decides nothing.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/message.h"
#include "server/page/application_view.h"
#include "server/page/link_views.h"
#include "server/page/look.h"
#include "server/page/texts.h"

namespace server::page {

// Who the pages speak for.
struct Brand {
  std::string service_name = "Latchkey";
};

enum class SignInNotice {
  none,
  wrong_credentials,  // same text for unknown, disabled and wrong
  throttled,          // retry_after_s says when
  busy,               // password pool full: try again in a moment
  rebound,            // the form came without its cookie: "please sign in once more"
  sign_in_again,      // prompt=login or max_age: confirm it is you
  bad_address,        // no e-mail address: no mail can go there
  password_changed,   // by mail: sign in with the new one
};

struct SignInView {  // GET and POST /login
  Look look;
  std::string t;  // sealed request, hidden field "t"
  ApplicationView application;
  std::string email;  // prefilled (login_hint, or what was typed)
  SignInNotice notice = SignInNotice::none;
  std::int64_t retry_after_s = 0;
  std::string event_id;     // shown small with a failure, may be empty
  std::string form_action;  // extra scheme for CSP form-action, such as "https:"; may be empty
  bool with_password = true;
  std::string link_action;     // where the same form asks for a link by mail; empty: not offered
  std::string reset_address;   // "Forgot your password?"; empty: not offered
  std::string signup_address;  // "Create an account"; empty: not offered
};

struct ConsentItem {
  std::string title;         // a key of texts such as "item_email", or what is shown as it stands
  std::string detail;        // "alice@example.com", may be empty
  bool nothing_yet = false;  // says so in place of the detail
};

struct ConsentView {  // GET /consent
  Look look;
  std::string t;
  ApplicationView application;
  std::string account_name, account_email;
  std::vector<ConsentItem> items;
  bool offline_access = false;  // "stay signed in: may read this while you are away"
  bool confirm_only = false;    // nothing new is shared: "Continue to X as Y?" (RFC 8252 §8.6)
  std::string form_action;
};

struct FormPostView {  // the answer to a request with response_mode=form_post
  Look look;
  std::string application_name;
  std::string action;  // the redirect URI
  std::vector<std::pair<std::string, std::string>> fields;
  std::string form_action;  // its scheme, for CSP
};

struct SignOutView {  // GET /logout: asks; field names "t" and button id logout-confirm
  Look look;
  std::string t;
  std::string application_name;  // may be empty
  std::string account_email;     // may be empty
  std::string form_action;
};

struct SignedOutView {
  Look look;
  std::string application_name;  // may be empty
};

// A page of an application that is opened, out of sight, so that it signs the person out there.
struct LogoutFrame {
  std::string application_name;
  std::string uri;
  std::string origin;  // of that URI, for CSP
};

struct FrontChannelLogoutView {  // after sign-out; says the same as SignedOutView
  Look look;
  std::vector<LogoutFrame> frames;
  std::string application_name;  // the one that asked, may be empty
  std::string next;              // where to go on to; empty: stay here
};

// Titles, sentences and names of facts are keys of texts; what is no key is shown as it stands,
// such as the descriptions of specifications.
struct ErrorView {
  Look look;
  int status = 400;
  std::string title;     // empty: error_title
  std::string sentence;  // what happened; among the details if there is a remedy
  std::string remedy;    // what to do, and who can mend it; leads the page, may be empty
  PlaceValues values;    // for the places of those texts
  std::vector<std::pair<std::string, std::string>> facts;  // "error_fact_address" -> value
  std::string error;                                       // OAuth code, may be empty
  std::string event_id;
  std::string address = {};  // where to go instead, as a link; may be empty
};

// The seeded person of `latchkey dev`, shown so that the first sign-in needs no search.
struct SeededPerson {
  std::string email, password;  // nothing is shown when either is empty
};

struct HomeView {  // GET /
  Look look;
  std::string issuer;
  bool dev = false;  // links to /demo, the seeded person, discovery
  SeededPerson seeded;
};

struct DemoView {  // GET /demo of `latchkey dev`
  bool signed_in = false;
  std::string name, email;
  std::vector<std::pair<std::string, std::string>> claims;       // of /userinfo and the ID token
  std::vector<std::pair<std::string, std::string>> token_facts;  // expires, scope, refresh …
  std::string csrf;    // hidden field "csrf" of the refresh and sign-out forms
  std::string notice;  // "Tokens refreshed.", an error, or empty
  bool has_refresh_token = false;
  std::string issuer_origin;  // allowed in CSP form-action
  SeededPerson seeded;        // shown while signed out
};

class Fields;
struct Frame;

// May be used from any thread.
class Pages {
 public:
  // Reads every template and text, those of `templates_dir` in place of ours: throws
  // std::runtime_error or std::logic_error with one sentence if one can't be used.
  explicit Pages(Brand brand, const std::filesystem::path& templates_dir = {});

  http::Response sign_in(const SignInView& view, int status = 200) const;
  http::Response consent(const ConsentView& view, int status = 200) const;
  http::Response form_post(const FormPostView& view) const;
  http::Response sign_out(const SignOutView& view, int status = 200) const;
  http::Response signed_out(const SignedOutView& view) const;
  http::Response front_channel_logout(const FrontChannelLogoutView& view) const;
  // OpenID Connect Session Management 1.0 §3.2: the one page that others may frame.
  http::Response check_session() const;
  http::Response error(const ErrorView& view) const;
  http::Response home(const HomeView& view) const;
  http::Response demo(const DemoView& view) const;
  // link_pages.cpp
  http::Response link_sent(const LinkSentView& view) const;
  http::Response link_ready(const LinkReadyView& view) const;
  http::Response link_confirm(const LinkConfirmView& view) const;
  http::Response link_number(const LinkNumberView& view) const;
  http::Response link_end(const LinkEndView& view) const;
  // GET /static/NAME.HASH.EXT, from the embedded table only; 404 otherwise.
  // Cache-Control: public, max-age=31536000, immutable; ETag not needed.
  http::Response static_file(std::string_view path) const;

  // Fills in a template between head and foot, with the headers that every page has: what page
  // functions of other files are made from (frame.h).
  http::Response respond(int status, const Frame& frame, Fields fields, const Look& look) const;

 private:
  Brand brand_;
};

}  // namespace server::page

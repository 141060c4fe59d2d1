// Samples of the pages of link_views.h and people_views.h.
#include "server/page/people_pages.h"
#include "tests/unit/server/page/samples_test.h"

namespace page_samples {

using namespace server::page;  // the views

namespace {

// What fills the fields: values as they occur, or one value everywhere.
struct Filling {
  Look look;
  ApplicationView application;
  std::string t, name, email, browser, address, path, form_action;
};

void add_links(std::vector<Sample>& out, const Filling& f) {
  for (const LinkPurpose purpose : {LinkPurpose::sign_in, LinkPurpose::sign_up,
                                    LinkPurpose::reset_password, LinkPurpose::change_email}) {
    const std::string kind = std::to_string(static_cast<int>(purpose));
    const LinkConfirmView confirm{f.look, purpose, f.path,       f.application,
                                  f.name, f.email, f.form_action};
    out.push_back({"link-confirm-" + kind,
                   [confirm](const Pages& pages) { return pages.link_confirm(confirm); }});
    const LinkNumberView number{f.look,    purpose, f.path, f.application, f.email, f.browser,
                                f.address, f.t,     1,      kind == "1"};
    out.push_back({"link-number-" + kind,
                   [number](const Pages& pages) { return pages.link_number(number); }});
  }
  for (const SentNotice notice : {SentNotice::none, SentNotice::wrong_code, SentNotice::code_closed,
                                  SentNotice::throttled, SentNotice::sent_again}) {
    const LinkSentView sent{f.look,
                            f.t,
                            LinkPurpose::sign_in,
                            f.application,
                            f.email,
                            "47",
                            notice,
                            "",
                            notice == SentNotice::code_closed,
                            "/m/wait?t=v1",
                            "/m/sent?t=v1",
                            "/login?t=v1",
                            f.form_action};
    out.push_back({"link-sent-" + std::to_string(static_cast<int>(notice)),
                   [sent](const Pages& pages) { return pages.link_sent(sent); }});
  }
  const LinkReadyView ready{f.look, f.t, f.application, f.form_action};
  out.push_back({"link-ready", [ready](const Pages& pages) { return pages.link_ready(ready); }});
  for (const LinkEnd end : {LinkEnd::approved, LinkEnd::used, LinkEnd::expired,
                            LinkEnd::number_closed, LinkEnd::unknown}) {
    const LinkEndView view{f.look, end, LinkPurpose::sign_in, f.name, "/login?t=v1", f.t, f.t, 200};
    out.push_back({"link-end-" + std::to_string(static_cast<int>(end)),
                   [view](const Pages& pages) { return pages.link_end(view); }});
  }
}

void add_people(std::vector<Sample>& out, const Filling& f, const std::string& domains) {
  const ResetView forgotten{f.look, f.t, f.application, f.email, {}, "/login?t=v1", f.form_action};
  out.push_back({"reset", [forgotten](const Pages& pages) { return reset(pages, forgotten); }});
  const NewPasswordView fresh{
      f.look,       f.t, f.application,
      f.email,      8,   {.key = "password_weak", .values = {{"score", "1"}, {"least", "2"}}},
      f.form_action};
  out.push_back(
      {"reset-finish", [fresh](const Pages& pages) { return new_password(pages, fresh); }});
  for (const bool with_password : {true, false}) {
    const SignUpView view{f.look,  f.t, f.application, f.email,      f.name, with_password, 8,
                          domains, {},  "/login?t=v1", f.form_action};
    out.push_back({with_password ? "signup" : "signup-link",
                   [view](const Pages& pages) { return sign_up(pages, view); }});
  }
  const ChooseView choose{
      f.look, f.t, f.application, {{"1", f.name, f.email}, {"2", "", f.email}}, f.form_action};
  out.push_back({"choose", [choose](const Pages& pages) { return choose_account(pages, choose); }});
}

void add_account(std::vector<Sample>& out, const Filling& f, const std::string& when) {
  const AccountFrame frame{f.look, f.name, f.email,
                           "",     true,   {.key = "account_profile_saved", .is_error = false}};
  const ProfileView profile{frame, f.t, f.name, f.name, f.name, f.name, {{"item_locale", f.name}}};
  out.push_back({"account-profile",
                 [profile](const Pages& pages) { return account_profile(pages, profile); }});
  AccountFrame quiet = frame;
  quiet.notice = {};
  const SecurityView security{quiet,
                              f.t,
                              f.t,
                              true,
                              true,
                              true,
                              {{"s1", f.browser, f.address, when, when, true},
                               {"s2", f.browser, f.address, when, when, false}}};
  out.push_back({"account-security",
                 [security](const Pages& pages) { return account_security(pages, security); }});
  const ApplicationsView applications{
      quiet, f.t, {{"c1", f.name, when, when, {"item_profile", "item_email"}}}};
  out.push_back({"account-applications", [applications](const Pages& pages) {
                   return account_applications(pages, applications);
                 }});
  const ActivityView activity{
      quiet,
      {{"account_history_sign_in", when, "", f.browser, f.address, f.name, 1, false},
       {"account_history_sign_in_refused_pwd", when, when, f.browser, f.address, "", 41, false},
       {"account_history_sign_in_refused_throttled", when, when, "", "", "", 1, true},
       {"account_history_password_changed", when, "", f.browser, f.address, "", 1, false}}};
  out.push_back({"account-activity",
                 [activity](const Pages& pages) { return account_activity(pages, activity); }});
  const ChangePasswordView password{quiet, f.t, true, 8};
  out.push_back({"account-password",
                 [password](const Pages& pages) { return account_password(pages, password); }});
  const ChangeEmailView email{quiet, f.t, f.email, true};
  out.push_back(
      {"account-email", [email](const Pages& pages) { return account_email(pages, email); }});
  const DeleteAccountView removal{quiet, f.t, true};
  out.push_back(
      {"account-delete", [removal](const Pages& pages) { return account_delete(pages, removal); }});
  out.push_back({"account-deleted",
                 [look = f.look](const Pages& pages) { return account_deleted(pages, look); }});
}

std::vector<Sample> all(const Filling& filling, const std::string& domains,
                        const std::string& when) {
  std::vector<Sample> out;
  add_links(out, filling);
  add_people(out, filling, domains);
  add_account(out, filling, when);
  return out;
}

}  // namespace

std::vector<Sample> ordinary_people(const Look& look) {
  return all({.look = look,
              .application = {.name = "Acme Notes", .host = "notes.acme.example"},
              .t = "v1.k1.c2VhbGVk",
              .name = "Alice Liddell",
              .email = "alice@example.com",
              .browser = "Firefox/Android",
              .address = "198.51.100.7",
              .path = "/m/lk1",
              .form_action = "https:"},
             "example.com", "2025-11-21, 11:59 UTC");
}

std::vector<Sample> people_filled_with(const Look& look, const std::string& v) {
  return all({.look = look,
              .application = {v, v, v, v},
              .t = v,
              .name = v,
              .email = v,
              .browser = v,
              .address = v,
              .path = v,
              .form_action = v},
             v, v);
}

}  // namespace page_samples

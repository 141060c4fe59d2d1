// A person's own pages at /account.
#include "server/page/display.h"
#include "server/page/frame.h"
#include "server/page/parts.h"
#include "server/page/people_pages.h"
#include "server/page/template_set.h"

namespace server::page {
namespace {

Fields start(const AccountFrame& frame) {
  Fields fields;
  put_account(fields, frame.name, frame.email);
  put_form_notice(fields, frame.look.language, frame.notice);
  fields.text("query", frame.query).flag("several", frame.several);
  return fields;
}

void put_tab(Fields& fields, AccountTab tab) {
  fields.flag("at_profile", tab == AccountTab::profile)
      .flag("at_security", tab == AccountTab::security)
      .flag("at_applications", tab == AccountTab::applications)
      .flag("at_activity", tab == AccountTab::activity);
}

void put_present_password(Fields& fields, const AccountFrame& frame, bool is_asked) {
  fields.flag("has_password", is_asked)
      .flag("wrong_present_password", frame.notice.key == "account_password_wrong");
}

http::Response answer(const Pages& pages, const AccountFrame& frame, std::string_view name,
                      std::string_view title, Fields fields, int status = 200) {
  return with_retry(pages.respond(status,
                                  {.template_name = name,
                                   .title = text(frame.look.language, title),
                                   .is_error = frame.notice.is_error && !frame.notice.key.empty(),
                                   .script = "page.js"},
                                  std::move(fields), frame.look),
                    frame.notice);
}

}  // namespace

http::Response account_profile(const Pages& pages, const ProfileView& view, int status) {
  Fields fields = start(view.frame);
  put_tab(fields, AccountTab::profile);
  fields.text("t", view.t)
      .text("name", view.name)
      .text("given_name", view.given_name)
      .text("family_name", view.family_name)
      .text("nickname", view.nickname)
      .flag("has_facts", !view.facts.empty())
      .rows("facts", pair_rows(view.frame.look.language, view.facts));
  return answer(pages, view.frame, "account_profile", "account_profile_title", std::move(fields),
                status);
}

http::Response account_security(const Pages& pages, const SecurityView& view) {
  const std::string& language = view.frame.look.language;
  std::vector<Fields> rows;
  bool others = false;
  for (const auto& session : view.sessions) {
    others |= !session.here;
    const std::string browser = session.browser.empty() ? text(language, "account_unknown_browser")
                                                        : browser_text(language, session.browser);
    rows.push_back(Fields()
                       .text("sid", session.sid)
                       .text("browser", browser)
                       .text("address", session.address)
                       .text("since", session.since)
                       .text("seen", session.seen)
                       .text("number", std::to_string(rows.size()))
                       .flag("here", session.here)
                       .text("end_t", view.end_t));
  }
  Fields fields = start(view.frame);
  put_tab(fields, AccountTab::security);
  fields.flag("has_password", view.has_password)
      .flag("with_password", view.with_password)
      .flag("with_mail", view.with_mail)
      .flag("others", others)
      .text("end_others_t", view.end_others_t)
      .rows("sessions", std::move(rows));
  return answer(pages, view.frame, "account_security", "account_security_title", std::move(fields));
}

http::Response account_applications(const Pages& pages, const ApplicationsView& view) {
  const std::string& language = view.frame.look.language;
  std::vector<Fields> rows;
  for (const auto& application : view.applications) {
    std::vector<Fields> items;
    items.reserve(application.items.size());
    for (const auto& item : application.items) {
      items.push_back(Fields().text("item", text(language, item)));
    }
    rows.push_back(Fields()
                       .text("client_id", application.client_id)
                       .text("app_name", shown_application(language, application.name))
                       .text("since", application.since)
                       .text("last", application.last)
                       .text("number", std::to_string(rows.size()))
                       .text("t", view.t)
                       .rows("items", std::move(items)));
  }
  Fields fields = start(view.frame);
  put_tab(fields, AccountTab::applications);
  fields.flag("empty", rows.empty()).rows("applications", std::move(rows));
  return answer(pages, view.frame, "account_applications", "account_applications_title",
                std::move(fields));
}

http::Response account_activity(const Pages& pages, const ActivityView& view) {
  const std::string& language = view.frame.look.language;
  std::vector<Fields> rows;
  rows.reserve(view.events.size());
  for (const auto& event : view.events) {
    rows.push_back(Fields()
                       .text("what", text(language, event.what))
                       .text("when", event.when)
                       .text("since", event.since)
                       .text("attempts", event.attempts > 1 ? std::to_string(event.attempts) : "")
                       .text("browser", browser_text(language, event.browser))
                       .text("address", event.address)
                       .flag("elsewhere", event.elsewhere)
                       .text("application", display_name(event.application)));
  }
  Fields fields = start(view.frame);
  put_tab(fields, AccountTab::activity);
  fields.flag("empty", rows.empty()).rows("events", std::move(rows));
  return answer(pages, view.frame, "account_activity", "account_activity_title", std::move(fields));
}

http::Response account_password(const Pages& pages, const ChangePasswordView& view, int status) {
  const std::string& language = view.frame.look.language;
  Fields fields = start(view.frame);
  put_tab(fields, AccountTab::security);
  put_present_password(fields, view.frame, view.has_password);
  fields.text("t", view.t)
      .flag("wrong_password", view.frame.notice.key.starts_with("password_"))
      .text("password_rules", password_rules(language, view.min_length));
  return answer(pages, view.frame, "account_password", "account_password_title", std::move(fields),
                status);
}

http::Response account_email(const Pages& pages, const ChangeEmailView& view, int status) {
  Fields fields = start(view.frame);
  put_tab(fields, AccountTab::security);
  put_email(fields, view.typed, "", view.frame.notice);
  put_present_password(fields, view.frame, view.asks_password);
  fields.text("t", view.t);
  return answer(pages, view.frame, "account_email", "account_email_title", std::move(fields),
                status);
}

http::Response account_delete(const Pages& pages, const DeleteAccountView& view, int status) {
  Fields fields = start(view.frame);
  put_tab(fields, AccountTab::security);
  put_present_password(fields, view.frame, view.asks_password);
  fields.text("t", view.t);
  return answer(pages, view.frame, "account_delete", "account_delete_title", std::move(fields),
                status);
}

http::Response account_deleted(const Pages& pages, const Look& look) {
  return pages.respond(
      200,
      {.template_name = "account_deleted", .title = text(look.language, "account_deleted_title")},
      Fields(), look);
}

}  // namespace server::page

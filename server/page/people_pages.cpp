#include "server/page/people_pages.h"

#include "server/page/display.h"
#include "server/page/frame.h"
#include "server/page/parts.h"
#include "server/page/template_set.h"

namespace server::page {
namespace {

bool is_about_password(const FormNotice& notice) {
  return notice.is_error && notice.key.starts_with("password_");
}

bool is_about_address(const FormNotice& notice) {
  return notice.key == "login_bad_address" || notice.key == "signup_domain" ||
         notice.key == "account_email_same";
}

}  // namespace

void put_email(Fields& fields, const std::string& email, const std::string& hint,
               const FormNotice& notice) {
  fields.text("email", email)
      .text("email_hint", hint)
      .flag("described", !hint.empty() || !notice.key.empty())
      .flag("focus_email", email.empty())
      .flag("wrong_email", is_about_address(notice));
}

void put_form_notice(Fields& fields, std::string_view language, const FormNotice& notice) {
  if (notice.key.empty()) return;
  PlaceValues values = notice.values;
  if (notice.retry_after_s > 0) {
    values.emplace_back("time", waiting_time(language, notice.retry_after_s));
  }
  const std::string advice = notice.key + "_advice";
  put_notice(fields, {text(language, notice.key, values),
                      has_text(advice) ? text(language, advice, values) : std::string(),
                      notice.is_error, notice.event_id, "form-notice"});
}

http::Response with_retry(http::Response response, const FormNotice& notice) {
  if (notice.retry_after_s > 0) response.set("Retry-After", std::to_string(notice.retry_after_s));
  return response;
}

std::string password_rules(std::string_view language, std::size_t min_length) {
  return text(language, "password_rules", {{"count", std::to_string(min_length)}});
}

http::Response reset(const Pages& pages, const ResetView& view, int status) {
  const std::string& language = view.look.language;
  Fields fields;
  put_application(fields, language, view.application);
  put_form_notice(fields, language, view.notice);
  put_email(fields, view.email, "", view.notice);
  fields.text("t", view.t).text("back_address", view.back_address);
  return with_retry(pages.respond(status,
                                  {.template_name = "reset_start",
                                   .title = text(language, "reset_title"),
                                   .is_error = view.notice.is_error && !view.notice.key.empty(),
                                   .form_action = view.form_action,
                                   .script = "page.js"},
                                  std::move(fields), view.look),
                    view.notice);
}

http::Response new_password(const Pages& pages, const NewPasswordView& view, int status) {
  const std::string& language = view.look.language;
  Fields fields;
  put_application(fields, language, view.application);
  put_form_notice(fields, language, view.notice);
  fields.text("t", view.t)
      .text("email", view.email)
      .flag("wrong_password", is_about_password(view.notice))
      .text("password_rules", password_rules(language, view.min_length));
  return with_retry(pages.respond(status,
                                  {.template_name = "reset_finish",
                                   .title = text(language, "reset_finish_title"),
                                   .is_error = view.notice.is_error && !view.notice.key.empty(),
                                   .form_action = view.form_action,
                                   .script = "page.js"},
                                  std::move(fields), view.look),
                    view.notice);
}

http::Response sign_up(const Pages& pages, const SignUpView& view, int status) {
  const std::string& language = view.look.language;
  Fields fields;
  put_application(fields, language, view.application);
  put_form_notice(fields, language, view.notice);
  std::string hint;
  if (!view.domains.empty()) {
    hint = text(language, "signup_domain_hint", {{"domains", view.domains}});
  }
  put_email(fields, view.email, hint, view.notice);
  fields.text("t", view.t)
      .text("name", view.name)
      .flag("wrong_name", view.notice.key == "signup_bad_name")
      .flag("with_password", view.with_password)
      .flag("wrong_password", is_about_password(view.notice))
      .text("password_rules", password_rules(language, view.min_length))
      .text("back_address", view.back_address);
  return with_retry(
      pages.respond(
          status,
          {.template_name = "signup_start",
           .title = text(language, "signup_window",
                         {{"app_name", shown_application(language, view.application.name)}}),
           .is_error = view.notice.is_error && !view.notice.key.empty(),
           .form_action = view.form_action,
           .script = "page.js"},
          std::move(fields), view.look),
      view.notice);
}

http::Response choose_account(const Pages& pages, const ChooseView& view) {
  const std::string& language = view.look.language;
  std::vector<Fields> rows;
  for (const auto& account : view.accounts) {
    Fields row;
    put_account(row, account.name, account.email);
    row.text("value", account.value).text("number", std::to_string(rows.size()));
    rows.push_back(std::move(row));
  }
  Fields fields;
  put_application(fields, language, view.application);
  fields.text("t", view.t).rows("accounts", std::move(rows));
  return pages.respond(200,
                       {.template_name = "chooser_start",
                        .title = text(language, "choose_title"),
                        .form_action = view.form_action,
                        .script = "page.js"},
                       std::move(fields), view.look);
}

}  // namespace server::page

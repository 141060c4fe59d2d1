// The pages of signing in by mail.
#include "server/page/display.h"
#include "server/page/frame.h"
#include "server/page/page.h"
#include "server/page/parts.h"
#include "server/page/template_set.h"

namespace server::page {
namespace {

// Keys of texts that differ by purpose end in its name.
std::string key_of(std::string_view key, LinkPurpose purpose) {
  switch (purpose) {
    case LinkPurpose::sign_in:
      return std::string(key) + "_sign_in";
    case LinkPurpose::sign_up:
      return std::string(key) + "_sign_up";
    case LinkPurpose::reset_password:
      return std::string(key) + "_reset";
    case LinkPurpose::change_email:
      return std::string(key) + "_change";
  }
  return std::string(key);
}

// With blanks between, so that a screen reader names the digits, and not a quantity.
std::string apart(std::string_view digits) {
  std::string out;
  for (const char c : digits) {
    if (!out.empty()) out += ' ';
    out += c;
  }
  return out;
}

Notice notice_of(const LinkSentView& view) {
  const auto said = [&](const std::string& key, bool is_error) {
    return Notice{text(view.look.language, key), text(view.look.language, key + "_advice"),
                  is_error, view.event_id, "link-notice"};
  };
  switch (view.notice) {
    case SentNotice::none:
      return {};
    case SentNotice::wrong_code:
      return said("link_wrong_code", true);
    case SentNotice::code_closed:
      return said("link_code_closed", true);
    case SentNotice::throttled:
      return said("link_throttled", true);
    case SentNotice::sent_again:
      return said("link_sent_again", false);
  }
  return {};
}

std::string end_key(LinkEnd end) {
  switch (end) {
    case LinkEnd::approved:
      return "link_approved";
    case LinkEnd::used:
      return "link_used";
    case LinkEnd::expired:
      return "link_expired";
    case LinkEnd::number_closed:
      return "link_number_closed";
    case LinkEnd::unknown:
      return "link_unknown";
  }
  return "link_unknown";
}

}  // namespace

http::Response Pages::link_sent(const LinkSentView& view) const {
  const std::string& language = view.look.language;
  const Notice notice = notice_of(view);
  // To an address with an account only, and the page must not tell which those are.
  const bool if_account =
      view.purpose == LinkPurpose::sign_in || view.purpose == LinkPurpose::reset_password;
  Fields fields;
  put_application(fields, language, view.application);
  put_notice(fields, notice);
  fields.text("t", view.t)
      .text("email", view.email)
      .text("number", apart(view.number))
      .flag("if_account", if_account)
      .flag("code_open", !view.code_closed)
      .flag("wrong_code", view.notice == SentNotice::wrong_code)
      .text("wait_address", view.wait_address)
      .text("self_address", view.self_address)
      .text("back_address", view.back_address)
      .text("back_text", text(language, key_of("link_back", view.purpose)));
  return respond(200,
                 {.template_name = "link_sent",
                  .title = text(language, "link_sent_title"),
                  .is_error = notice.is_error,
                  .form_action = view.form_action,
                  .script = "page.js",
                  .poll = true},
                 std::move(fields), view.look);
}

http::Response Pages::link_ready(const LinkReadyView& view) const {
  Fields fields;
  put_application(fields, view.look.language, view.application);
  fields.text("t", view.t);
  return respond(200,
                 {.template_name = "link_ready",
                  .title = text(view.look.language, "link_ready_title"),
                  .form_action = view.form_action,
                  .script = "form_post.js"},
                 std::move(fields), view.look);
}

http::Response Pages::link_confirm(const LinkConfirmView& view) const {
  const std::string& language = view.look.language;
  Fields fields;
  put_application(fields, language, view.application);
  put_account(fields, view.account_name, view.account_email);
  fields.text("action", view.action)
      .flag("is_sign_in", view.purpose == LinkPurpose::sign_in)
      .text("lead", text(language, key_of("link_confirm_lead", view.purpose)))
      .text("submit", text(language, key_of("link_confirm_submit", view.purpose)));
  return respond(200,
                 {.template_name = "link_confirm",
                  .title = text(language, "link_confirm_window",
                                {{"app_name", shown_application(language, view.application.name)}}),
                  .form_action = view.form_action,
                  .script = "page.js"},
                 std::move(fields), view.look);
}

http::Response Pages::link_number(const LinkNumberView& view) const {
  const std::string& language = view.look.language;
  Notice notice;
  if (view.wrong) {
    notice = {text(language, "link_wrong_number"),
              text(language,
                   view.tries_left == 1 ? "link_wrong_number_last" : "link_wrong_number_advice"),
              true, "", "link-notice"};
  }
  Fields fields;
  put_application(fields, language, view.application);
  put_notice(fields, notice);
  fields.text("action", view.action)
      .text("account_email", view.account_email)
      .flag("is_sign_in", view.purpose == LinkPurpose::sign_in)
      .flag("is_sign_up", view.purpose == LinkPurpose::sign_up)
      .flag("is_reset", view.purpose == LinkPurpose::reset_password)
      .flag("is_change", view.purpose == LinkPurpose::change_email)
      .text("browser", browser_text(language, view.browser))
      .text("address", view.address)
      .text("when", view.when)
      .flag("wrong", view.wrong);
  return respond(200,
                 {.template_name = "link_number",
                  .title = text(language, "link_number_title"),
                  .is_error = notice.is_error,
                  .script = "page.js"},
                 std::move(fields), view.look);
}

http::Response Pages::link_end(const LinkEndView& view) const {
  const std::string& language = view.look.language;
  const std::string key = end_key(view.end);
  const bool leads_on = (!view.go_on_address.empty() || !view.t.empty()) && has_text(key + "_here");
  // Without a way on from here the advice is where to go instead.
  std::string advice = text(language, key + (leads_on ? "_here" : "_advice"));
  const bool is_error = view.end != LinkEnd::approved && view.end != LinkEnd::used;
  Fields fields;
  fields.text("app_name", display_name(view.application_name))
      .text("heading", text(language, key))
      .text("advice", advice)
      .flag("is_error", is_error)
      .text("go_on_address", view.go_on_address)
      .text("t", view.t)
      .text("event_id", view.event_id);
  return respond(view.status,
                 {.template_name = "link_end",
                  .title = text(language, key),
                  .is_error = is_error,
                  .script = view.t.empty() ? "" : "page.js"},
                 std::move(fields), view.look);
}

}  // namespace server::page

#include "server/page/parts.h"

#include "server/page/display.h"

namespace server::page {

std::string shown_application(std::string_view language, const std::string& name) {
  std::string shown = display_name(name);
  return shown.empty() ? text(language, "common_the_application") : shown;
}

void put_application(Fields& fields, std::string_view language,
                     const ApplicationView& application) {
  const std::string_view policy = https_link(application.policy_uri);
  const std::string_view tos = https_link(application.tos_uri);
  fields.text("app_name", shown_application(language, application.name))
      .text("app_initial", initial(application.name))
      .text("app_host", application.host)
      .text("policy_uri", policy)
      .text("tos_uri", tos)
      .text("logo", application.logo)
      .flag("unverified", application.unverified)
      .flag("has_links", !policy.empty() || !tos.empty());
}

void put_account(Fields& fields, const std::string& name, const std::string& email) {
  const std::string shown = display_name(name);
  const std::string& first = shown.empty() ? email : shown;
  fields.text("account_initial", initial(first))
      .text("account_first", first)
      .text("account_second", shown.empty() ? std::string() : email)
      .text("account_email", email);
}

void put_notice(Fields& fields, const Notice& notice) {
  fields.text("notice", notice.sentence)
      .text("notice_advice", notice.advice)
      .text("notice_id", notice.id)
      .flag("notice_is_error", notice.is_error)
      .text("notice_reference", notice.event_id);
}

void put_seeded(Fields& fields, const SeededPerson& person) {
  fields.flag("has_seeded", !person.email.empty() && !person.password.empty())
      .text("seeded_email", person.email)
      .text("seeded_password", person.password);
}

std::vector<Fields> pair_rows(std::string_view language,
                              const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::vector<Fields> rows;
  rows.reserve(pairs.size());
  for (const auto& [name, value] : pairs) {
    // A row without a name would be a heading that screen readers can't read out.
    rows.push_back(Fields()
                       .text("row_name", text(language, name.empty() ? "common_no_name" : name))
                       .text("row_value", value));
  }
  return rows;
}

}  // namespace server::page

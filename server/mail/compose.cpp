#include "server/mail/compose.h"

#include <algorithm>

#include "oidc/base/text.h"
#include "oidc/model/branding.h"
#include "server/page/display.h"
#include "server/page/look.h"
#include "server/page/template_set.h"
#include "server/page/texts.h"

namespace server::mail {
namespace {

// As in static/style.css.
constexpr const char* kOurColor = "#3b3fa8";
constexpr std::size_t kMostSubject = 150;
constexpr std::size_t kMostName = 60;

bool is_color(std::string_view text) {
  return text.size() == 7 && text[0] == '#' && std::ranges::all_of(text.substr(1), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

// A name, without what mail programs would make a link of.
std::string plain_name(std::string_view name) {
  std::string out(name);
  for (auto at = out.find("://"); at != std::string::npos; at = out.find("://")) {
    out.replace(at, 3, " ");
  }
  return page::display_name(out, kMostName);
}

std::string without_controls(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return out;
}

// "10" -> "10 minutes".
std::string duration(std::string_view language, const std::string& minutes) {
  const auto number = oidc::parse_unsigned(minutes);
  return number && *number < 100'000 ? page::waiting_time(language, *number * 60)
                                     : page::display_name(minutes);
}

// What a template leaves out leaves no gap: at most one empty line in a row, none at the ends.
std::string without_gaps(std::string_view text) {
  std::string out;
  std::size_t breaks = 0;
  for (const char c : oidc::trim(text)) {
    breaks = c == '\n' ? breaks + 1 : 0;
    if (breaks <= 2) out += c;
  }
  return out + '\n';
}

std::string known_language(const std::string& wanted) {
  const auto& known = page::languages();
  return std::ranges::find(known, wanted) == known.end() ? "en" : wanted;
}

}  // namespace

Message compose(const MailInput& input) {
  const std::string language = known_language(input.language);
  const std::string kind(to_string(input.kind));
  const std::string key = "mail_" + kind;
  const std::string name = plain_name(input.application_name);
  const std::string color = is_color(input.primary_color) ? input.primary_color : kOurColor;
  const std::string link = without_controls(input.link);
  Message message;
  message.subject = page::display_name(page::text(language, key + "_subject", {{"app_name", name}}),
                                       kMostSubject);
  message.from_name = page::display_name(input.from_name, kMostName);
  message.reply_to = without_controls(input.reply_to);
  message.to = without_controls(input.to);
  message.language = language;
  page::Fields fields;
  fields.text("language", language)
      .text("direction", page::is_right_to_left(language) ? "rtl" : "ltr")
      .text("subject", message.subject)
      .text("preview", page::text(language, key + "_lead", {{"app_name", name}}))
      .text("app_name", name)
      .text("initial", page::initial(name))
      .text("color", color)
      .text("text_color", oidc::model::text_color_on(color))
      .text("link", link)
      .text("button", link.empty() ? "" : page::text(language, key + "_button"))
      .text("code", without_controls(input.code))
      .text("minutes", input.minutes.empty() ? "" : duration(language, input.minutes))
      .text("requester", page::display_name(input.requester, 120))
      .text("when", page::display_name(input.when))
      .text("support_email", without_controls(input.support_email))
      .text("support_url", page::https_link(without_controls(input.support_url)))
      .flag("has_facts", !input.when.empty() || !input.requester.empty())
      .flag("has_support",
            !input.support_email.empty() || !page::https_link(input.support_url).empty());
  message.text = without_gaps(page::render_plain(language, "mail/" + kind + ".text", fields));
  message.html = page::render(language, "mail/" + kind + ".html", fields);
  return message;
}

}  // namespace server::mail

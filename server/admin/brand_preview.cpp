#include "server/admin/brand_preview.h"

#include <algorithm>
#include <fstream>

#include "server/mail/compose.h"
#include "server/page/display.h"
#include "server/page/page.h"
#include "server/page/people_pages.h"
#include "server/page/static_files.h"
#include "server/page/texts.h"
#include "server/provider/brand_files.h"
#include "server/provider/look.h"

namespace server::admin {
namespace {

using Written = std::expected<void, std::string>;

constexpr const char* kName = "Alice Example";
constexpr const char* kEmail = "alice@example.com";
constexpr const char* kBrowser = "Firefox, 198.51.100.7";
constexpr const char* kHost = "app.example.com";
// As long as a real one.
constexpr const char* kMailLink =
    "https://id.example.com/m/lkm_0000000000000000_0000000000000000000000000000000000000000000";
constexpr const char* kAccountLink = "https://id.example.com/account";
constexpr std::int64_t kMoment = 1'795'276'905;

// Writes below the folder, and remembers what.
class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}

  Written write(const std::string& name, std::string_view contents) {
    const auto file = path_ / name;
    std::error_code failure;
    std::filesystem::create_directories(file.parent_path(), failure);
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    out.close();
    if (!out) return std::unexpected("The file " + file.string() + " cannot be written.");
    names_.push_back(name);
    return {};
  }
  std::vector<std::string> names() { return std::move(names_); }

 private:
  std::filesystem::path path_;
  std::vector<std::string> names_;
};

// Addresses of ours as seen from a file in the folder.
std::string with_relative_addresses(std::string html) {
  for (const std::string_view place : {"=\"/static/", "=\"/brand/"}) {
    for (auto at = html.find(place); at != std::string::npos; at = html.find(place, at)) {
      html.erase(at + 2, 1);
    }
  }
  return html;
}

struct Samples {
  page::Pages pages;
  page::Look look;
  page::ApplicationView application;

  http::Response sign_in() const {
    return pages.sign_in({.look = look,
                          .application = application,
                          .link_action = "/m/send",
                          .reset_address = "/reset",
                          .signup_address = "/signup"});
  }
  http::Response consent() const {
    return pages.consent({.look = look,
                          .application = application,
                          .account_name = kName,
                          .account_email = kEmail,
                          .items = {{"item_name", kName}, {"item_email", kEmail}},
                          .offline_access = true});
  }
  http::Response link_sent() const {
    return pages.link_sent({.look = look,
                            .application = application,
                            .email = kEmail,
                            .number = "427",
                            .self_address = "/m/sent",
                            .back_address = "/login"});
  }
  http::Response link_confirm() const {
    return pages.link_confirm(
        {.look = look, .application = application, .account_name = kName, .account_email = kEmail});
  }
  http::Response sign_up() const {
    return page::sign_up(pages, {.look = look, .application = application, .email = kEmail});
  }
  http::Response signed_out() const {
    return pages.signed_out({.look = look, .application_name = application.name});
  }
  http::Response error() const {
    return pages.error({.look = look,
                        .title = "error_lost",
                        .sentence = "error_lost_sentence",
                        .remedy = "error_go_back",
                        .event_id = "lk-0000-0000"});
  }
};

Written write_pages(Folder& folder, const Samples& samples) {
  const std::pair<const char*, http::Response (Samples::*)() const> all[] = {
      {"sign-in.html", &Samples::sign_in},     {"consent.html", &Samples::consent},
      {"link-sent.html", &Samples::link_sent}, {"link-confirm.html", &Samples::link_confirm},
      {"sign-up.html", &Samples::sign_up},     {"signed-out.html", &Samples::signed_out},
      {"error.html", &Samples::error},
  };
  for (const auto& [name, make] : all) {
    auto done = folder.write(name, with_relative_addresses((samples.*make)().body));
    if (!done) return done;
  }
  return {};
}

Written write_files(Folder& folder, const PreviewOrder& order) {
  for (const char* name : {"style.css", "page.js", "icon.svg"}) {
    const std::string& address = page::static_address(name);
    auto done = folder.write(address.substr(1), page::find_static(address)->contents);
    if (!done) return done;
  }
  for (const auto& file : {provider::brand_stylesheet(order.owner, order.branding),
                           provider::brand_logo(order.owner, order.branding)}) {
    if (!file) continue;
    if (auto done = folder.write(file->address.substr(1), file->contents); !done) return done;
  }
  return {};
}

Written write_mails(Folder& folder, const PreviewOrder& order) {
  const auto& branding = order.branding;
  mail::MailInput input{
      .to = kEmail,
      .language = order.language,
      .application_name = branding.name.empty() ? order.application_name : branding.name,
      .from_name = branding.email_from_name,
      .reply_to = branding.reply_to_email,
      .support_email = branding.support_email,
      .support_url = branding.support_url,
      .primary_color = branding.primary_color,
      .requester = kBrowser};
  for (const auto kind : mail::kMailKinds) {
    const bool with_code = kind == mail::MailKind::sign_in || kind == mail::MailKind::sign_up ||
                           kind == mail::MailKind::reset_password ||
                           kind == mail::MailKind::change_email;
    const bool asked = with_code || kind == mail::MailKind::sign_up_known;
    input.kind = kind;
    input.link = with_code                                 ? kMailLink
                 : kind == mail::MailKind::account_deleted ? ""
                                                           : kAccountLink;
    input.code = with_code ? "123 456" : "";
    input.minutes = with_code ? "10" : "";
    input.when = asked ? "" : page::date_time(order.language, kMoment);
    const auto message = mail::compose(input);
    std::string name = "mail-" + std::string(mail::to_string(kind));
    std::ranges::replace(name, '_', '-');
    const std::string head = "From: " + message.from_name + "\nReply-To: " + message.reply_to +
                             "\nSubject: " + message.subject + "\n\n";
    if (auto done = folder.write(name + ".html", message.html); !done) return done;
    if (auto done = folder.write(name + ".txt", head + message.text); !done) return done;
  }
  return {};
}

}  // namespace

std::expected<std::vector<std::string>, std::string> write_preview(const PreviewOrder& order) {
  try {
    Samples samples{.pages = page::Pages({order.service_name}, order.templates_dir),
                    .look = {.language = order.language},
                    .application = {.name = order.application_name, .host = kHost}};
    provider::put_branding(samples.look, order.branding, order.owner, order.application_name);
    provider::use_own_logo(samples.application, samples.look);
    Folder folder(order.folder);
    for (const auto& done :
         {write_pages(folder, samples), write_mails(folder, order), write_files(folder, order)}) {
      if (!done) return std::unexpected(done.error());
    }
    return folder.names();
  } catch (const std::exception& error) {
    return std::unexpected(error.what());  // templates_dir holds something that is not sound
  }
}

}  // namespace server::admin

#include "server/app/dev_inbox.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "oidc/base/text.h"
#include "server/app/clock.h"
#include "server/page/display.h"
#include "server/page/static_files.h"
#include "server/page/template_set.h"

namespace server::app {
namespace {

using http::Request;
using http::Response;
using runtime::Task;

constexpr std::size_t kMost = 200;
constexpr std::string_view kFolder = "/dev/inbox/";
constexpr std::string_view kHtml = "/html";

class DevCarrier : public mail::Carrier {
 public:
  explicit DevCarrier(std::shared_ptr<DevInbox> inbox) : inbox_(std::move(inbox)) {}
  outbound::SmtpResult carry(const mail::Message& message, std::int64_t id) override {
    inbox_->put({.id = id, .at = clock_now(), .message = message});
    return {outbound::SmtpOutcome::accepted, "250", "In the inbox of latchkey dev"};
  }

 private:
  const std::shared_ptr<DevInbox> inbox_;
};

void set_headers(Response& response, std::string policy) {
  response.set("Content-Security-Policy", std::move(policy))
      .set("Cache-Control", "no-store")
      .set("X-Content-Type-Options", "nosniff")
      .set("Referrer-Policy", "same-origin");
}

// Text with its addresses as links, each on a line of its own as our mail has them.
std::vector<page::Fields> linked(const std::string& text) {
  std::vector<page::Fields> parts;
  std::string_view rest = text;
  while (!rest.empty()) {
    auto start = std::min(rest.find("https://"), rest.find("http://"));
    if (start != 0) {
      parts.push_back(page::Fields().text("plain", rest.substr(0, start)).text("address", ""));
      rest.remove_prefix(std::min(start, rest.size()));
      continue;
    }
    const auto address = rest.substr(0, rest.find_first_of(" \t\r\n<>\""));
    parts.push_back(page::Fields().text("plain", "").text("address", address));
    rest.remove_prefix(address.size());
  }
  return parts;
}

page::Fields base_fields(const std::string& title) {
  page::Fields fields;
  fields.text("title", title)
      .text("style", page::static_address("style.css"))
      .text("icon", page::static_address("icon.svg"));
  return fields;
}

Response show_list(const DevInbox& inbox) {
  std::vector<page::Fields> rows;
  for (const auto& entry : inbox.list()) {
    rows.push_back(page::Fields()
                       .text("id", std::to_string(entry.id))
                       .text("subject", entry.message.subject)
                       .text("to", entry.message.to)
                       .text("at", utc_text(entry.at)));
  }
  auto fields = base_fields("Inbox");
  fields.flag("is_empty", rows.empty()).rows("mails", std::move(rows));
  auto response = Response::html(200, page::render("en", "mail/inbox_list.html", fields));
  set_headers(response,
              "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; "
              "frame-ancestors 'none'; base-uri 'none'");
  return response;
}

Response show_mail(const DevInbox::Entry& entry) {
  auto fields = base_fields(entry.message.subject);
  fields.text("id", std::to_string(entry.id))
      .text("subject", entry.message.subject)
      .text("to", entry.message.to)
      .text("from_name", entry.message.from_name)
      .text("reply_to", entry.message.reply_to)
      .text("at", utc_text(entry.at))
      .text("language", entry.message.language)
      .rows("parts", linked(entry.message.text));
  auto response = Response::html(200, page::render("en", "mail/inbox_mail.html", fields));
  set_headers(response,
              "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
              "form-action 'none'; frame-ancestors 'none'; base-uri 'none'");
  return response;
}

// The HTML part as a mail program shows it: no scripts, nothing fetched, links leave the frame.
Response show_html(const DevInbox::Entry& entry) {
  std::string html = entry.message.html;
  const auto head = html.find("<head>");
  if (head != std::string::npos) html.insert(head + 6, "<base target=\"_top\">");
  auto response = Response::html(200, std::move(html));
  set_headers(response,
              "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; "
              "frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation");
  return response;
}

Response show_json(const DevInbox& inbox) {
  auto out = nlohmann::json::array();
  for (const auto& entry : inbox.list()) {
    const auto& message = entry.message;
    out.push_back({{"id", std::to_string(entry.id)},
                   {"at", oidc::to_seconds(entry.at)},
                   {"to", message.to},
                   {"subject", message.subject},
                   {"text", message.text},
                   {"html", message.html},
                   {"from_name", message.from_name},
                   {"reply_to", message.reply_to},
                   {"language", message.language}});
  }
  return Response::json(200, out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Response not_found() {
  return Response::text(404, "There is no such mail in the inbox of latchkey dev.\n");
}

Response show_below(const DevInbox& inbox, std::string_view path) {
  path.remove_prefix(kFolder.size());
  const bool as_html = path.ends_with(kHtml);
  if (as_html) path.remove_suffix(kHtml.size());
  const auto id = oidc::parse_unsigned(path);
  const auto entry = id ? inbox.find(*id) : std::nullopt;
  if (!entry) return not_found();
  return as_html ? show_html(*entry) : show_mail(*entry);
}

Task<Response> answer(Response response) {
  co_return response;
}

}  // namespace

void DevInbox::put(Entry entry) {
  const std::lock_guard lock(mutex_);
  entries_.push_front(std::move(entry));
  if (entries_.size() > kMost) entries_.pop_back();
}

std::vector<DevInbox::Entry> DevInbox::list() const {
  const std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

std::optional<DevInbox::Entry> DevInbox::find(std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(entries_, id, &Entry::id);
  return found == entries_.end() ? std::nullopt : std::optional(*found);
}

std::unique_ptr<mail::Carrier> make_dev_carrier(std::shared_ptr<DevInbox> inbox) {
  return std::make_unique<DevCarrier>(std::move(inbox));
}

void add_dev_inbox_routes(http::Router& router, const std::shared_ptr<const DevInbox>& inbox) {
  using http::Method;
  router.add({Method::get, "/dev/inbox",
              [inbox](const Request&) { return answer(show_list(*inbox)); }, 0, http::Cors::none});
  router.add({Method::get, "/dev/inbox.json",
              [inbox](const Request&) { return answer(show_json(*inbox)); }, 0, http::Cors::none});
  router.add({Method::get, "/dev/inbox/*",
              [inbox](const Request& request) { return answer(show_below(*inbox, request.path)); },
              0, http::Cors::none});
}

}  // namespace server::app

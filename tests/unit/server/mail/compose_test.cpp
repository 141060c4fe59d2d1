#include "server/mail/compose.h"

#include <algorithm>

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "server/page/look.h"
#include "tests/support/catch.h"

namespace mail = server::mail;
using mail::MailInput;
using mail::MailKind;

namespace {

bool is_notice(MailKind kind) {
  return kind == MailKind::password_changed || kind == MailKind::email_changed ||
         kind == MailKind::new_sign_in || kind == MailKind::account_deleted;
}

MailInput sample(MailKind kind = MailKind::sign_in) {
  return {.kind = kind,
          .to = "alice@example.com",
          .application_name = "Notes & <More>",
          .from_name = "Notes",
          .reply_to = "help@example.com",
          .support_email = "help@example.com",
          .support_url = "https://example.com/help",
          .primary_color = "#ffcc00",
          .link = "https://id.example.com/m/abc?x=1&y=2",
          .code = "123 456",
          .requester = "Firefox on Android, from 198.51.100.7",
          .minutes = "10",
          .when = is_notice(kind) ? "2026-11-21, 16:00 UTC" : ""};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> lines_of(const std::string& wire) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (auto end = wire.find("\r\n"); end != std::string::npos; end = wire.find("\r\n", from)) {
    lines.push_back(wire.substr(from, end - from));
    from = end + 2;
  }
  CHECK(from == wire.size());
  return lines;
}

// The fields before the empty line, unfolded.
std::vector<std::string> fields_of(const std::string& wire) {
  std::vector<std::string> fields;
  for (const auto& line : lines_of(wire)) {
    if (line.empty()) break;
    if (line[0] == ' ') {
      fields.back() += line;
    } else {
      fields.push_back(line);
    }
  }
  return fields;
}

std::string field(const std::string& wire, std::string_view name) {
  for (const auto& text : fields_of(wire)) {
    if (text.starts_with(std::string(name) + ": ")) return text.substr(name.size() + 2);
  }
  return "(none)";
}

std::string wire_of(const mail::Message& message) {
  return mail::to_rfc5322(message, "id@example.com", 4711, 1'795'276'905);
}

}  // namespace

TEST_CASE("each kind of mail, in each language, holds what it is for") {
  for (const auto& language : server::page::languages()) {
    for (const auto kind : mail::kMailKinds) {
      CAPTURE(language, to_string(kind));
      auto input = sample(kind);
      input.language = language;
      const auto message = mail::compose(input);
      CHECK_FALSE(message.subject.empty());
      CHECK(contains(message.text, input.link + "\n"));
      CHECK(contains(message.text, input.code));
      CHECK(contains(message.html, "https://id.example.com/m/abc?x=1&amp;y=2"));
      CHECK(contains(message.html, input.code));
      CHECK(contains(message.html, "lang=\"" + language + "\""));
      CHECK(contains(message.html, "Notes &amp; &lt;More&gt;"));
      CHECK(contains(message.text, input.requester));
      CHECK(contains(message.html, input.requester));
      CHECK(contains(message.text, input.when));
      CHECK(contains(message.html, input.when));
      CHECK_FALSE(contains(message.text, "\n\n\n"));
      // Nothing was left unfilled, and nothing is fetched or run.
      for (const char* bad : {"{{", "}}", "<img", "<script", "<link", "url(", "mail_"}) {
        CHECK_FALSE(contains(message.html, bad));
        CHECK_FALSE(contains(message.text, bad));
      }
    }
  }
}

TEST_CASE("the button has the brand's colour and a text that can be read on it") {
  const auto yellow = mail::compose(sample()).html;
  CHECK(contains(yellow, "background:#ffcc00;color:#000000"));
  auto input = sample();
  input.primary_color = "#00\";x:y";
  const auto ours = mail::compose(input).html;
  CHECK(contains(ours, "background:#3b3fa8;color:#ffffff"));
  CHECK_FALSE(contains(ours, "x:y"));
}

TEST_CASE("a notice without link or code has neither button nor box") {
  const auto message = mail::compose(
      {.kind = MailKind::password_changed, .to = "alice@example.com", .application_name = "Notes"});
  CHECK_FALSE(contains(message.html, "<a "));
  CHECK_FALSE(contains(message.html, "class=\"box\""));
  CHECK_FALSE(contains(message.text, "http"));
}

TEST_CASE("names cannot add headers, recipients or links") {
  auto input = sample();
  input.application_name = "X\r\nBcc: mallory@example.com\r\n\r\nhttps://evil.example/";
  input.from_name = "Bank\" <boss@bank.example>\r\nBcc: mallory@example.com";
  input.reply_to = "a@b.example>\r\nBcc: <mallory@example.com";
  const auto message = mail::compose(input);
  CHECK_FALSE(contains(message.subject, "\n"));
  CHECK_FALSE(contains(message.text, "https://evil"));
  const auto wire = wire_of(message);
  for (const auto& line : fields_of(wire)) {
    CAPTURE(line);
    CHECK_FALSE(oidc::to_lower_ascii(line).starts_with("bcc"));
  }
  CHECK(field(wire, "From").ends_with("<id@example.com>"));
  CHECK(field(wire, "Reply-To") == "(none)");
  CHECK(field(wire, "To") == "<alice@example.com>");

  mail::Message raw;
  raw.subject = "a\r\nBcc: b@c.example";
  raw.from_name = "a\r\nBcc: b@c.example";
  raw.to = "a@b.example>,<c@d.example";
  raw.text = raw.html = "x";
  const auto careless = wire_of(raw);
  CHECK(field(careless, "Bcc") == "(none)");
  CHECK(field(careless, "To") == "undisclosed-recipients:;");
}

TEST_CASE("a message on the wire keeps to the limits of mail") {
  auto input = sample();
  for (const auto& [language, name] : std::vector<std::pair<std::string, std::string>>{
           {"en", "Notes"}, {"ar", "ملاحظات طويلة جدا من أجل الاختبار"}, {"ja", "ノート"}}) {
    CAPTURE(language);
    input.language = language;
    input.application_name = input.from_name = name;
    const auto wire = wire_of(mail::compose(input));
    for (const auto& line : lines_of(wire)) {
      CAPTURE(line);
      CHECK(line.size() <= 78);
      CHECK(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; }));
    }
    CHECK(field(wire, "Date") == "Sat, 21 Nov 2026 16:01:45 +0000");
    CHECK(field(wire, "Message-ID") == "<latchkey.4711@example.com>");
    CHECK(field(wire, "Auto-Submitted") == "auto-generated");
    CHECK(field(wire, "MIME-Version") == "1.0");
    CHECK(field(wire, "Reply-To") == "<help@example.com>");
    CHECK(field(wire, "Content-Language") == language);
    CHECK(field(wire, "Content-Type").starts_with("multipart/alternative;"));
  }
}

TEST_CASE("each encoded word of a subject holds whole characters (RFC 2047)") {
  mail::Message message;
  for (int i = 0; i < 40; ++i) message.subject += "é日";
  message.text = message.html = "x";
  std::string decoded;
  for (const auto& word : oidc::split_words(field(wire_of(message), "Subject"))) {
    REQUIRE(word.starts_with("=?UTF-8?B?"));
    REQUIRE(word.ends_with("?="));
    CHECK(word.size() <= 75);
    const auto bytes = oidc::base64_decode(std::string_view(word).substr(10, word.size() - 12));
    REQUIRE(bytes);
    CHECK(oidc::is_clean_utf8(*bytes));
    decoded += *bytes;
  }
  CHECK(decoded == message.subject);
  message.subject = "=?UTF-8?B?aGk=?=";  // a name that plays encoded word
  CHECK_FALSE(contains(wire_of(message), "Subject: =?UTF-8?B?aGk=?="));
}

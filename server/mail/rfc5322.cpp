// A message on the wire: RFC 5322 with MIME (RFC 2045, RFC 2046) and encoded words (RFC 2047).
#include <algorithm>
#include <array>
#include <ctime>

#include "oidc/base/base64url.h"
#include "oidc/base/text.h"
#include "oidc/base/time.h"
#include "oidc/model/user.h"
#include "server/mail/compose.h"

namespace server::mail {
namespace {

constexpr std::string_view kEnd = "\r\n";
constexpr std::size_t kMostLine = 76;
// As base64 with what is around it this keeps an encoded word below 75 characters (RFC 2047 §2).
constexpr std::size_t kMostWordBytes = 42;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Nothing that could end a header field.
std::string one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, is_control, ' ');
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out = oidc::base64url_encode(bytes);
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  while (out.size() % 4 != 0) out += '=';
  return out;
}

// Characters stay whole: each word is decoded by itself (RFC 2047 §5).
std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min(kMostWordBytes, text.size());
    while (end < text.size() && end > 1 && is_continuation(text[end])) --end;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + base64(text.substr(0, end)) + "?=";
    text.remove_prefix(end);
  }
  return out;
}

// Folds at blanks (RFC 5322 §2.2.3); `used` characters stand on the line already.
std::string folded(std::string_view text, std::size_t used) {
  std::string out;
  for (const auto& word : oidc::split_words(text)) {
    if (!out.empty()) {
      const bool fits = used + 1 + word.size() <= kMostLine;
      out += fits ? " " : "\r\n ";
      used = fits ? used + 1 : 1;
    }
    out += word;
    used += word.size();
  }
  return out;
}

std::string unstructured(std::string_view name, std::string_view value) {
  const auto clean = one_line(value);
  const bool plain = oidc::is_printable_ascii(clean) && clean.find("=?") == std::string::npos &&
                     std::ranges::all_of(oidc::split_words(clean), [](const std::string& word) {
                       return word.size() < kMostLine;
                     });
  return std::string(name) + ": " +
         (plain ? folded(clean, name.size() + 2) : encoded_words(clean)) + std::string(kEnd);
}

// A display name (RFC 5322 §3.4), or nothing.
std::string phrase(std::string_view name) {
  const auto clean = one_line(name);
  if (oidc::trim(clean).empty()) return {};
  if (!oidc::is_printable_ascii(clean) || clean.find("=?") != std::string::npos ||
      clean.size() > kMostLine - 10) {
    return encoded_words(clean) + "\r\n ";
  }
  std::string out = "\"";
  for (const char c : clean) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\" ";
}

bool is_sound_address(std::string_view address) {
  return !address.empty() && address.size() <= 254 && oidc::is_clean_utf8(address) &&
         std::ranges::none_of(address, [](char c) {
           return is_control(c) || std::string_view(" <>()[],;:\"\\").find(c) != std::string::npos;
         });
}

// "Sat, 21 Nov 2026 16:01:45 +0000", in English whatever the locale.
std::string date(std::int64_t now_s) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = now_s;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000",
                kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

// RFC 2045 §6.8.
std::string base64_body(std::string_view text) {
  const std::string whole = base64(text);
  std::string out;
  for (std::size_t at = 0; at < whole.size(); at += kMostLine) {
    out.append(whole, at, kMostLine).append(kEnd);
  }
  return out;
}

// RFC 2045 §6.7. Line ends of `text` are LF.
std::string quoted_printable(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      out += kEnd;
      column = 0;
      continue;
    }
    const bool ends_line = i + 1 == text.size() || text[i + 1] == '\n';
    const bool is_blank = c == ' ' || c == '\t';
    // A line that begins with a dot or "From " is changed on its way by some servers.
    const bool keeps =
        (c > ' ' && c < 0x7f && c != '=' && !(column == 0 && (c == '.' || c == 'F'))) ||
        (is_blank && !ends_line);
    const std::size_t width = keeps ? 1 : 3;
    if (column + width > kMostLine - 1) {
      out += "=\r\n";
      column = 0;
    }
    if (keeps) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '=';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
    column += width;
  }
  return out;
}

std::string part(std::string_view media_type, std::string_view text) {
  std::string lines(text);
  std::erase(lines, '\r');
  if (!lines.ends_with('\n')) lines += '\n';
  const auto foreign = static_cast<std::size_t>(
      std::ranges::count_if(lines, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
  const bool as_base64 = foreign * 6 > lines.size();
  return "Content-Type: " + std::string(media_type) +
         "; charset=utf-8\r\nContent-Transfer-Encoding: " +
         (as_base64 ? "base64\r\n\r\n" + base64_body(lines)
                    : "quoted-printable\r\n\r\n" + quoted_printable(lines));
}

bool is_language(std::string_view tag) {
  return !tag.empty() && tag.size() <= 12 && std::ranges::all_of(tag, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

}  // namespace

std::string to_rfc5322(const Message& message, const std::string& from_address, std::int64_t id,
                       std::int64_t now_s) {
  const auto at = from_address.rfind('@');
  const std::string domain = at == std::string::npos ? "localhost" : from_address.substr(at + 1);
  const std::string number = std::to_string(id);
  // Such a line can stand neither in base64 nor in quoted-printable.
  const std::string boundary = "=_latchkey_" + number;
  std::string out = "Date: " + date(now_s) + "\r\nFrom: " + phrase(message.from_name) + "<" +
                    one_line(from_address) + ">\r\n";
  const bool named = is_sound_address(message.to);
  out += named ? "To: <" + message.to + ">\r\n" : "To: undisclosed-recipients:;\r\n";
  if (oidc::model::fold_email(message.reply_to) && is_sound_address(message.reply_to)) {
    out += "Reply-To: <" + message.reply_to + ">\r\n";
  }
  out += "Message-ID: <latchkey." + number + "@" + one_line(domain) + ">\r\n";
  out += unstructured("Subject", message.subject);
  // RFC 3834 §5: no holiday notice answers it.
  out += "Auto-Submitted: auto-generated\r\n";
  if (is_language(message.language)) out += "Content-Language: " + message.language + "\r\n";
  out += "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"" + boundary +
         "\"\r\n\r\n";
  out += "--" + boundary + "\r\n" + part("text/plain", message.text);
  out += "--" + boundary + "\r\n" + part("text/html", message.html);
  return out + "--" + boundary + "--\r\n";
}

}  // namespace server::mail

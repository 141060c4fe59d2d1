#include "oidc/base/form.h"

#include "oidc/base/text.h"

namespace oidc {
namespace {

// The one parameter that may stand more than once (RFC 8707 §2).
constexpr std::string_view kRepeatable = "resource";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out.push_back(' ');
    } else if (text[i] == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + 16);
  for (unsigned char c : text) {
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out.push_back(static_cast<char>(c));
    } else {
      out.push_back('%');
      out.push_back(digits[c >> 4]);
      out.push_back(digits[c & 15]);
    }
  }
  return out;
}

OAuthError repeated_parameter(std::string_view name) {
  return {OAuthErrorCode::invalid_request,
          "The parameter " + to_description(name).substr(0, 60) + " is given more than once."};
}

Result<Form> Form::parse(std::string_view text, Repeats repeats) {
  Form form;
  std::size_t count = 0;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    if (++count > kMaxParameters) {
      return fail(OAuthErrorCode::invalid_request, "The request has too many parameters.");
    }
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>("")
                                                  : percent_decode(pair.substr(equals + 1), true);
    if (!name || !value) {
      return fail(OAuthErrorCode::invalid_request, "A parameter has a broken percent escape.");
    }
    if (!is_clean_utf8(*name) || !is_clean_utf8(*value)) {
      return fail(OAuthErrorCode::invalid_request,
                  "A parameter holds a NUL character or text that is not UTF-8.");
    }
    if (*name == kRepeatable && form.find(*name)) {
      // RFC 8707 §2. An URI holds no space, so one can stand between two.
      form.set(*name, form.value_or(*name, "") + " " + *value);
      continue;
    }
    if (form.find(*name)) {
      if (repeats == Repeats::refuse) return std::unexpected(repeated_parameter(*name));
      form.repeated_.push_back(std::move(*name));
      continue;
    }
    form.entries_.emplace_back(std::move(*name), std::move(*value));
  }
  return form;
}

bool Form::is_repeated(std::string_view name) const {
  for (const auto& repeated : repeated_) {
    if (repeated == name) return true;
  }
  return false;
}

const std::string* Form::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::optional<std::string> Form::get(std::string_view name) const {
  const std::string* value = find(name);
  if (!value || value->empty()) return std::nullopt;
  return *value;
}

std::string Form::value_or(std::string_view name, std::string_view fallback) const {
  auto value = get(name);
  return value ? *value : std::string(fallback);
}

void Form::set(std::string name, std::string value) {
  erase(name);
  entries_.emplace_back(std::move(name), std::move(value));
}

void Form::erase(std::string_view name) {
  std::erase_if(entries_, [&](const auto& entry) { return entry.first == name; });
}

std::string Form::encode() const {
  std::string out;
  for (const auto& [name, value] : entries_) {
    if (!out.empty()) out += '&';
    out += percent_encode(name);
    out += '=';
    out += percent_encode(value);
  }
  return out;
}

}  // namespace oidc

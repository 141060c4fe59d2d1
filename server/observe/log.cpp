#include "server/observe/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <cassert>
#include <cstdio>
#include <mutex>

#include "oidc/base/text.h"

namespace server::observe {
namespace {

constexpr std::size_t kMaxTextBytes = 2048;
constexpr std::string_view kMask = "(masked)";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

class FunctionSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(LogSink sink) : sink_(std::move(sink)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    sink_(std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

 private:
  LogSink sink_;
};

struct State {
  std::shared_ptr<spdlog::logger> logger;
  std::atomic<LogFormat> format{LogFormat::json};
};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> make_logger(LogLevel least, LogSink sink) {
  spdlog::sink_ptr target;
  if (sink) {
    target = std::make_shared<FunctionSink>(std::move(sink));
  } else {
    target = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto logger = std::make_shared<spdlog::logger>("latchkey", std::move(target));
  logger->set_pattern("%v");
  logger->set_level(to_spdlog(least));
  logger->flush_on(spdlog::level::warn);
  return logger;
}

// Never destroyed: destructors of other globals may still log.
State& state() {
  static State* const instance = [] {
    auto* made = new State;
    made->logger = make_logger(LogLevel::info, {});
    return made;
  }();
  return *instance;
}

// Length of the UTF-8 sequence at the start of `text`; 0 when it is none.
std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return oidc::is_clean_utf8(text.substr(0, length)) && text.size() >= length ? length : 0;
}

void append_quoted(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const bool is_cut = text.size() > kMaxTextBytes;
  if (is_cut) {
    text = text.substr(0, kMaxTextBytes);
    // Not in the middle of a character: its end would be reported as broken.
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80) {
      text.remove_suffix(1);
    }
    if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0) text.remove_suffix(1);
  }
  out += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    if (c == '"' || c == '\\') {
      out.append({'\\', static_cast<char>(c)});
    } else if (c < 0x20 || c == 0x7f) {
      out.append("\\u00").append({kHex[c >> 4], kHex[c & 15]});
    } else if (const auto length = sequence_length(text); length > 0) {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
      continue;
    } else {
      out.append(kReplacement);
    }
    text.remove_prefix(1);
  }
  if (is_cut) out += "...";
  out += '"';
}

// Text that needs no quotes in the text format.
bool is_plain_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxTextBytes && oidc::is_printable_ascii(text) &&
         text.find_first_of(" \"\\=") == std::string_view::npos;
}

void append_value(LogFormat format, const Field& field, std::string& out) {
  const auto& value = field.value.get();
  const auto* text = std::get_if<std::string_view>(&value);
  if (is_sensitive_key(field.key)) {
    append_quoted(kMask, out);
  } else if (text && format == LogFormat::text && is_plain_word(*text)) {
    out += *text;
  } else if (text) {
    append_quoted(*text, out);
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    out += std::to_string(*number);
  } else {
    out += std::get<bool>(value) ? "true" : "false";
  }
}

// RFC 3339 with milliseconds, UTC.
std::string timestamp(oidc::TimePoint at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

bool is_sensitive_key(std::string_view key) {
  static constexpr std::string_view kNames[] = {"t",
                                                "code",
                                                "user_code",
                                                "device_code",
                                                "code_verifier",
                                                "authorization_code",
                                                "authorization",
                                                "client_assertion",
                                                "assertion",
                                                "id_token_hint",
                                                "login_token",
                                                "private_key",
                                                "master_key",
                                                "set_cookie",
                                                "passphrase",
                                                "query"};
  static constexpr std::string_view kEndings[] = {"password", "secret", "token", "cookie"};
  const auto name = oidc::to_lower_ascii(key);
  for (const auto known : kNames) {
    if (name == known) return true;
  }
  for (const auto ending : kEndings) {
    if (name == ending) return true;
    const bool is_last_word =
        name.ends_with(ending) && name[name.size() - ending.size() - 1] == '_';
    if (is_last_word) return true;
  }
  return false;
}

std::string format_line(LogFormat format, oidc::TimePoint at, LogLevel level,
                        std::string_view event, Fields fields) {
  std::string out;
  out.reserve(128 + fields.size() * 32);
  if (format == LogFormat::text) {
    out.append(timestamp(at)).append(" ").append(to_string(level)).append(" ").append(event);
    for (const auto& field : fields) {
      out.append(" ").append(field.key).append("=");
      append_value(format, field, out);
    }
    return out;
  }
  out.append("{\"time\":\"").append(timestamp(at)).append("\",\"level\":\"");
  out.append(to_string(level)).append("\",\"event\":");
  append_quoted(event, out);
  for (const auto& field : fields) {
    out += ',';
    append_quoted(field.key, out);
    out += ':';
    append_value(format, field, out);
  }
  out += '}';
  return out;
}

void configure_log(LogLevel least, LogFormat format, LogSink sink) {
  state().format = format;
  state().logger = make_logger(least, std::move(sink));
}

void log(LogLevel level, std::string_view event, std::initializer_list<Field> fields) {
  auto& logger = *state().logger;
  if (!logger.should_log(to_spdlog(level))) return;
  for ([[maybe_unused]] const auto& field : fields) {
    assert(!is_sensitive_key(field.key) && "a secret's name stands in a log call");
  }
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto line = format_line(state().format, now, level, event, {fields.begin(), fields.end()});
  logger.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace server::observe

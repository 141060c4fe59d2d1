#include "server/page/template_set.h"

#include <kainjow/mustache.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>

#include "oidc/base/text.h"
#include "server/page/library.h"
#include "server/page/look.h"
#include "server/page/texts.h"

namespace server::page {
namespace {

namespace mustache = kainjow::mustache;

constexpr std::string_view kSuffix = ".mustache";
constexpr std::string_view kText = "{{t_";
constexpr std::string_view kPartial = "{{>";

enum class Form { html, plain };

// Mail as plain text: "mail/sign_in.text".
Form form_of(std::string_view name) {
  return name.ends_with(".text") ? Form::plain : Form::html;
}

const std::string& source(const std::string& file) {
  const auto& files = library().files;
  const auto found = files.find(file);
  if (found == files.end()) throw std::logic_error("there is no template " + file);
  return found->second;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// How a place of a text is written: templates/places/NAME.mustache, or as a name of its own that
// can't turn its neighbours around.
std::string place(std::string_view name, Form form) {
  std::string tag = "{{" + std::string(name) + "}}";
  if (form == Form::plain) return tag;
  const auto& files = library().files;
  const auto found = files.find("places/" + std::string(name) + std::string(kSuffix));
  return found == files.end() ? "<bdi>" + tag + "</bdi>" : std::string(oidc::trim(found->second));
}

std::string text_as_template(std::string_view language, const std::string& key, Form form) {
  const std::string* raw = find_text(language, key);
  if (raw == nullptr) throw std::logic_error("there is no text " + key);
  std::string out;
  split_text(*raw, [&](std::string_view part, bool is_place) {
    if (is_place) {
      out += place(part, form);
    } else {
      out += form == Form::html ? escape_html(part) : std::string(part);
    }
  });
  return out;
}

std::string with_texts(std::string_view text, std::string_view language, Form form) {
  std::string out;
  for (std::size_t at = text.find(kText); at != std::string_view::npos; at = text.find(kText)) {
    const std::size_t end = text.find("}}", at);
    if (end == std::string_view::npos) throw std::logic_error("{{t_ without its end");
    out += text.substr(0, at);
    const std::size_t start = at + kText.size();
    out += text_as_template(language, std::string(text.substr(start, end - start)), form);
    text.remove_prefix(end + 2);
  }
  return out += text;
}

// A template without its comment lines, and with each `{{> name}}` replaced by the partial; of HTML
// without indentation, too. The library would read a partial again at each use; this way everything
// is read once.
std::string expand(std::string_view text, Form form, int depth) {
  if (depth > 4) throw std::logic_error("templates include each other in a circle");
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::string_view trimmed = oidc::trim(line);
    if (trimmed.starts_with("{{!") && trimmed.ends_with("}}")) continue;  // a comment
    if (trimmed.empty() && form == Form::html) continue;
    const bool alone = trimmed.starts_with(kPartial) && trimmed.find("}}") == trimmed.size() - 2;
    if (alone || form == Form::html) line = trimmed;
    for (std::size_t at = line.find(kPartial); at != std::string_view::npos;
         at = line.find(kPartial)) {
      const std::size_t close = line.find("}}", at);
      if (close == std::string_view::npos) throw std::logic_error("{{> without its end");
      const std::size_t start = at + kPartial.size();
      const std::string_view name = oidc::trim(line.substr(start, close - start));
      out += line.substr(0, at);
      out +=
          expand(source("partials/" + std::string(name) + std::string(kSuffix)), form, depth + 1);
      line.remove_prefix(close + 2);
    }
    if (!alone) out.append(line).append("\n");
  }
  return out;
}

std::unique_ptr<mustache::mustache> read(std::string_view language, std::string_view name,
                                         Form form) {
  const std::string file = std::string(name) + std::string(kSuffix);
  try {
    const std::string text = with_texts(expand(source(file), form, 0), language, form);
    // `{{{` and `{{&` would print without escaping; no page needs that.
    if (text.find("{{{") != std::string::npos || text.find("{{&") != std::string::npos) {
      throw std::logic_error("it prints without escaping");
    }
    auto fresh = std::make_unique<mustache::mustache>(text);
    if (!fresh->is_valid()) throw std::logic_error(fresh->error_message());
    if (form == Form::plain) {
      fresh->set_custom_escape([](const std::string& value) { return value; });
    }
    return fresh;
  } catch (const std::logic_error& error) {
    throw std::logic_error("the template " + file + " cannot be used: " + error.what());
  }
}

// Rendering is not const in the library, so every thread has templates of its own.
mustache::mustache& parsed(std::string_view language, std::string_view name, Form form) {
  using Cache = std::map<std::string, std::unique_ptr<mustache::mustache>, std::less<>>;
  thread_local Cache cache;
  thread_local const Library* made_from = nullptr;
  if (made_from != &library()) {
    cache.clear();
    made_from = &library();
  }
  std::string key(language);
  key.append(form == Form::html ? "/" : "|").append(name);
  if (const auto it = cache.find(key); it != cache.end()) return *it->second;
  return *cache.emplace(std::move(key), read(language, name, form)).first->second;
}

mustache::data to_data(const Fields& fields);

mustache::data to_data(const Fields::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return mustache::data(*flag);
  if (const auto* text = std::get_if<std::string>(&value)) {
    // False and not absent: an absent name would be looked up in the enclosing section.
    if (text->empty()) return mustache::data(false);
    return mustache::data(*text);
  }
  mustache::data list(mustache::data::type::list);
  for (const Fields& row : std::get<std::vector<Fields>>(value)) list << to_data(row);
  return list;
}

mustache::data to_data(const Fields& fields) {
  mustache::data object;
  for (const auto& [name, value] : fields.values()) object.set(name, to_data(value));
  return object;
}

}  // namespace

Fields& Fields::text(std::string name, std::string_view value) {
  values_.emplace_back(std::move(name), oidc::is_clean_utf8(value) ? std::string(value)
                                                                   : oidc::to_description(value));
  return *this;
}

Fields& Fields::flag(std::string name, bool value) {
  values_.emplace_back(std::move(name), value);
  return *this;
}

Fields& Fields::rows(std::string name, std::vector<Fields> value) {
  values_.emplace_back(std::move(name), std::move(value));
  return *this;
}

std::string render(std::string_view language, std::string_view name, const Fields& fields) {
  return parsed(language, name, Form::html).render(to_data(fields));
}

std::string render_plain(std::string_view language, std::string_view name, const Fields& fields) {
  return parsed(language, name, Form::plain).render(to_data(fields));
}

void check_templates() {
  static std::mutex mutex;
  static std::set<const Library*> sound;
  const std::lock_guard lock(mutex);
  if (sound.contains(&library())) return;
  for (const auto& [file, contents] : library().files) {
    if (file.starts_with("partials/") || file.starts_with("places/")) continue;
    const std::string_view name = std::string_view(file).substr(0, file.size() - kSuffix.size());
    for (const std::string& language : languages()) read(language, name, form_of(name));
  }
  sound.insert(&library());
}

}  // namespace server::page

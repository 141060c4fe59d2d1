#include "server/page/template_set.h"

#include <kainjow/mustache.hpp>
#include <map>
#include <memory>
#include <stdexcept>

#include "oidc/base/embedded.h"
#include "oidc/base/text.h"

namespace embedded_templates {
const std::vector<oidc::EmbeddedFile>& files();
}

namespace server::page {
namespace {

namespace mustache = kainjow::mustache;

constexpr std::string_view kSuffix = ".mustache";

std::string_view source(const std::string& file) {
  for (const oidc::EmbeddedFile& candidate : embedded_templates::files()) {
    if (candidate.name == file) return candidate.contents;
  }
  throw std::logic_error("no template " + file);
}

// A template without its indentation and comment lines, and with each line `{{> name}}` replaced by
// the partial. The library would read a partial again at each use; this way everything is read
// once.
std::string expand(std::string_view text, int depth) {
  if (depth > 4) throw std::logic_error("templates include each other in a circle");
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = oidc::trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.starts_with("{{!") && line.ends_with("}}")) continue;  // a comment
    if (line.starts_with("{{>") && line.ends_with("}}")) {
      const std::string_view name = oidc::trim(line.substr(3, line.size() - 5));
      out += expand(source("partials/" + std::string(name) + std::string(kSuffix)), depth + 1);
    } else if (!line.empty()) {
      out += line;
      out += '\n';
    }
  }
  return out;
}

// Rendering is not const in the library, so every thread has templates of its own.
mustache::mustache& parsed(std::string_view name) {
  thread_local std::map<std::string, std::unique_ptr<mustache::mustache>, std::less<>> cache;
  if (const auto it = cache.find(name); it != cache.end()) return *it->second;
  const std::string file = std::string(name) + std::string(kSuffix);
  const std::string text = expand(source(file), 0);
  // `{{{` and `{{&` would print without escaping; no page needs that.
  if (text.find("{{{") != std::string::npos || text.find("{{&") != std::string::npos) {
    throw std::logic_error("template " + file + " prints without escaping");
  }
  auto fresh = std::make_unique<mustache::mustache>(text);
  if (!fresh->is_valid()) throw std::logic_error(file + ": " + fresh->error_message());
  return *cache.emplace(std::string(name), std::move(fresh)).first->second;
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

std::string render(std::string_view name, const Fields& fields) {
  return parsed(name).render(to_data(fields));
}

void check_templates() {
  for (const oidc::EmbeddedFile& file : embedded_templates::files()) {
    if (file.name.find('/') != std::string_view::npos) continue;
    parsed(file.name.substr(0, file.name.size() - kSuffix.size()));
  }
}

}  // namespace server::page

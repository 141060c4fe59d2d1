#include "server/page/library.h"

#include <atomic>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "oidc/base/embedded.h"
#include "oidc/base/json.h"
#include "oidc/base/text.h"

namespace embedded_templates {
const std::vector<oidc::EmbeddedFile>& files();
}

namespace server::page {
namespace {

constexpr std::string_view kTemplate = ".mustache";
constexpr std::string_view kTexts = "texts/";
constexpr std::string_view kJson = ".json";
constexpr std::size_t kMostBytes = 256 * 1024;
constexpr std::size_t kMostFiles = 500;

bool is_texts(std::string_view name) {
  return name.starts_with(kTexts) && name.ends_with(kJson);
}

Library::Table read_texts(std::string_view name, std::string_view source) {
  const auto object = oidc::parse_json_object(source, kMostBytes, 1);
  if (!object) {
    throw std::runtime_error(std::string(name) +
                             " is no JSON object of keys and texts without repeated keys");
  }
  Library::Table table;
  for (const auto& [key, value] : object->items()) {
    if (!value.is_string()) {
      throw std::runtime_error(std::string(name) + ": the text " + key + " is no string");
    }
    auto text = value.get<std::string>();
    // Texts become part of templates: they must not be templates themselves.
    if (text.find("{{") != std::string::npos || text.find("}}") != std::string::npos) {
      throw std::runtime_error(std::string(name) + ": the text " + key + " holds {{ or }}");
    }
    table.emplace(key, std::move(text));
  }
  return table;
}

std::string language_of(std::string_view name) {
  return std::string(name.substr(kTexts.size(), name.size() - kTexts.size() - kJson.size()));
}

Library compiled_in() {
  Library out;
  for (const oidc::EmbeddedFile& file : embedded_templates::files()) {
    if (is_texts(file.name)) {
      out.texts.emplace(language_of(file.name), read_texts(file.name, file.contents));
    } else {
      out.files.emplace(file.name, file.contents);
    }
  }
  return out;
}

std::string read_file(const std::filesystem::path& path, const std::string& name) {
  std::ifstream stream(path, std::ios::binary);
  std::string contents(kMostBytes + 1, '\0');
  stream.read(contents.data(), static_cast<std::streamsize>(contents.size()));
  if (stream.bad() || !stream.is_open()) {
    throw std::runtime_error("templates_dir: " + name + " cannot be read");
  }
  contents.resize(static_cast<std::size_t>(stream.gcount()));
  if (contents.size() > kMostBytes) {
    throw std::runtime_error("templates_dir: " + name + " is larger than 256 KB");
  }
  if (!oidc::is_clean_utf8(contents)) {
    throw std::runtime_error("templates_dir: " + name + " is not UTF-8");
  }
  return contents;
}

void replace_texts(Library& out, const std::string& name, const std::string& contents) {
  const std::string where = "templates_dir: " + name;
  const auto language = out.texts.find(language_of(name));
  if (language == out.texts.end()) {
    throw std::runtime_error(where + " is for a language that is not offered");
  }
  for (auto& [key, text] : read_texts(where, contents)) {
    if (!out.texts["en"].contains(key)) {
      throw std::runtime_error((where + ": there is no text ").append(key));
    }
    language->second[key] = text;
  }
}

void replace_file(Library& out, const std::filesystem::path& path, const std::string& name) {
  if (is_texts(name)) return replace_texts(out, name, read_file(path, name));
  if (!name.ends_with(kTemplate)) return;  // a README, say
  // New parts may be added for one's own templates; any other new name is a slip of the pen.
  const bool part = name.starts_with("partials/") || name.starts_with("places/");
  if (!part && !out.files.contains(name)) {
    throw std::runtime_error("templates_dir: " + name + " replaces no template of that name");
  }
  out.files[name] = read_file(path, name);
}

Library with_folder(Library out, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code failure;
  std::size_t count = 0;
  fs::recursive_directory_iterator entries(folder, failure);
  for (; !failure && entries != fs::recursive_directory_iterator(); entries.increment(failure)) {
    if (!entries->is_regular_file(failure)) continue;
    if (++count > kMostFiles) throw std::runtime_error("templates_dir holds more than 500 files");
    replace_file(out, entries->path(), entries->path().lexically_relative(folder).generic_string());
  }
  if (failure) {
    throw std::runtime_error("templates_dir: the folder " + folder.string() +
                             " cannot be read: " + failure.message());
  }
  return out;
}

const Library& built_in() {
  static const Library table = compiled_in();
  return table;
}

std::atomic<const Library*> current = nullptr;

}  // namespace

const Library& library() {
  const Library* read = current.load(std::memory_order_acquire);
  return read != nullptr ? *read : built_in();
}

void load_library(const std::filesystem::path& folder) {
  // None is ever freed: threads keep templates that they read from an earlier one apart by address.
  static std::mutex mutex;
  static std::vector<std::unique_ptr<const Library>> kept;
  if (folder.empty()) {
    current.store(&built_in(), std::memory_order_release);
    return;
  }
  auto fresh = std::make_unique<const Library>(with_folder(built_in(), folder));
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(fresh));
  current.store(kept.back().get(), std::memory_order_release);
}

}  // namespace server::page

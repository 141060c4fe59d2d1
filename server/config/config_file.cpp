#include "server/config/config_file.h"

#include <toml++/toml.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "oidc/base/text.h"
#include "server/config/option_table.h"

namespace server::config {
namespace {

constexpr std::size_t kMaxFileBytes = 1024 * 1024;

// The node as the text that the other sources would hold; nothing for what no setting can be.
std::optional<std::string> to_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  const auto* array = node.as_array();
  if (!array) return std::nullopt;
  std::string joined;
  for (const auto& element : *array) {
    const auto* text = element.as_string();
    if (!text || text->get().empty() || text->get().find(',') != std::string::npos) {
      return std::nullopt;
    }
    if (!joined.empty()) joined += ',';
    joined += text->get();
  }
  return joined;
}

std::expected<SourcedValue, std::string> read_entry(const std::string& path, const toml::key& key,
                                                    const toml::node& node) {
  const std::string name(key.str());
  const std::string source = path + " line " + std::to_string(key.source().begin.line);
  bool is_file_form = false;
  if (!find_option(name, &is_file_form)) {
    return std::unexpected("\"" + oidc::to_description(name) + "\" is no setting; the nearest is " +
                           nearest_name(name) + " (" + source + ").");
  }
  auto value = to_text(node);
  if (!value) {
    return std::unexpected(name + " must be text, a whole number, true, false, or a list of " +
                           "texts without commas (" + source + ").");
  }
  return SourcedValue{name, std::move(*value), source, node.is_array()};
}

}  // namespace

std::expected<std::string, std::string> read_text_file(const std::string& path,
                                                       std::size_t max_bytes) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return std::unexpected("is a folder");
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::unexpected("cannot be read: " + std::generic_category().message(errno));
  std::string text(max_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return std::unexpected("cannot be read to its end");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > max_bytes) {
    return std::unexpected("is larger than " + std::to_string(max_bytes) + " bytes");
  }
  return text;
}

std::expected<std::vector<SourcedValue>, std::string> read_config_file(const std::string& path) {
  const auto text = read_text_file(path, kMaxFileBytes);
  if (!text) return std::unexpected("The settings file " + path + " " + text.error() + ".");
  toml::table table;
  try {
    table = toml::parse(*text, path);
  } catch (const toml::parse_error& error) {
    return std::unexpected("The settings file " + path + " is not valid TOML at line " +
                           std::to_string(error.source().begin.line) + ": " +
                           std::string(error.description()) + ".");
  }
  std::vector<SourcedValue> out;
  for (const auto& [key, node] : table) {
    auto entry = read_entry(path, key, node);
    if (!entry) return std::unexpected(entry.error());
    out.push_back(std::move(*entry));
  }
  return out;
}

}  // namespace server::config
